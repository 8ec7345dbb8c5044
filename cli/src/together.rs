//! Two pieces of work at once, on two cores where there are two.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, scope};

/// Results of both; `second` is on another thread if the system has one to give. They do not see each other, so that nothing depends
/// on which is faster.
pub fn together<A, B: Send>(first: impl FnOnce() -> A, second: impl FnOnce() -> B + Send) -> (A, B) {
    let second = Mutex::new(Some(second));
    let take = || second.lock().unwrap_or_else(PoisonError::into_inner).take();
    scope(|scope| {
        let other = Builder::new().spawn_scoped(scope, || take().map(|work| work()));
        let first = first();
        let other = match other {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => None,
        };
        match (other, take()) {
            (Some(second), _) => (first, second),
            (None, Some(work)) => (first, work()),
            (None, None) => unreachable!("work that nobody took was not done"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::together;

    #[test]
    fn gives_both_results_and_passes_on_what_was_borrowed() {
        let words = ["one".to_string(), "two".to_string()];
        let (count, longest) = together(|| words.len(), || words.iter().map(String::len).max());
        assert_eq!((count, longest), (2, Some(3)));
    }

    #[test]
    #[should_panic(expected = "of the second")]
    fn a_panic_of_the_other_thread_is_ours() {
        together(|| 1, || panic!("of the second"));
    }
}
