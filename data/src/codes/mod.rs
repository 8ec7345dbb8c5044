//! The messages of the data engine, one file per code: its page, its constructor and its test.
//!
//! Codes E0550 to E0599 are the data engine's.

use regimen_base::{CodePage, Diagnostic};

pub mod e0550;
pub mod e0551;
pub mod e0552;
pub mod e0553;
pub mod e0554;
pub mod e0555;
pub mod e0556;
pub mod e0557;
pub mod e0558;
pub mod e0559;
pub mod e0560;
pub mod e0561;
pub mod e0562;
pub mod e0563;
pub mod e0564;
pub mod e0565;
pub mod e0566;
pub mod e0567;
pub mod e0568;
pub mod e0570;
pub mod e0571;
pub mod e0572;
pub mod e0573;
pub mod e0574;
pub mod e0575;
pub mod e0576;
pub mod e0577;
pub mod e0578;
pub mod e0579;
pub mod e0580;
pub mod e0581;
pub mod e0582;
pub mod e0583;
pub mod e0584;
pub mod e0585;
pub mod e0586;
pub mod e0587;
pub mod e0588;
pub mod e0589;
pub mod e0590;
pub mod e0591;
pub mod e0592;
pub mod e0593;
pub mod e0594;
pub mod e0595;
pub mod e0596;
pub mod e0599;

/// Every page, in the order of the codes.
pub const ALL: &[CodePage] = &[
    e0550::PAGE,
    e0551::PAGE,
    e0552::PAGE,
    e0553::PAGE,
    e0554::PAGE,
    e0555::PAGE,
    e0556::PAGE,
    e0557::PAGE,
    e0558::PAGE,
    e0559::PAGE,
    e0560::PAGE,
    e0561::PAGE,
    e0562::PAGE,
    e0563::PAGE,
    e0564::PAGE,
    e0565::PAGE,
    e0566::PAGE,
    e0567::PAGE,
    e0568::PAGE,
    e0570::PAGE,
    e0571::PAGE,
    e0572::PAGE,
    e0573::PAGE,
    e0574::PAGE,
    e0575::PAGE,
    e0576::PAGE,
    e0577::PAGE,
    e0578::PAGE,
    e0579::PAGE,
    e0580::PAGE,
    e0581::PAGE,
    e0582::PAGE,
    e0583::PAGE,
    e0584::PAGE,
    e0585::PAGE,
    e0586::PAGE,
    e0587::PAGE,
    e0588::PAGE,
    e0589::PAGE,
    e0590::PAGE,
    e0591::PAGE,
    e0592::PAGE,
    e0593::PAGE,
    e0594::PAGE,
    e0595::PAGE,
    e0596::PAGE,
    e0599::PAGE,
];

/// Messages of one cause up to which each is given.
const NAMED: usize = 3;

/// The same with one message for each cause: of many messages that differ in their title only the first stays, and says how many are like
/// it. `stopped` says that there may be more.
pub(crate) fn counted(found: Vec<Diagnostic>, stopped: bool) -> Vec<Diagnostic> {
    let mut kept: Vec<Vec<Diagnostic>> = vec![];
    for one in found {
        let cause = |of: &Diagnostic| (of.code, of.notes.clone(), of.help.clone(), of.labels.clone());
        match kept.iter_mut().find(|same| same.first().map(cause) == Some(cause(&one))) {
            Some(same) => same.push(one),
            None => kept.push(vec![one]),
        }
    }
    let least = if stopped { "at least " } else { "" };
    let told = |mut same: Vec<Diagnostic>| {
        let more = same.len() - 1;
        if same.len() > NAMED {
            same = same
                .drain(..1)
                .map(|one| one.because(format!("The same holds of {least}{more} more.")))
                .collect();
        }
        same
    };
    kept.into_iter().flat_map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::{ALL, counted, e0551, e0555};

    #[test]
    fn one_cause_is_one_message() {
        let outside = |n: usize| (0..n).map(|i| e0551::outside(&format!("../{i}"))).collect::<Vec<_>>();
        let field = |line| e0555::no_field("x", line, "text", "It has `a`.", None);
        let told = counted(outside(37).into_iter().chain([field(1), field(2)]).collect(), true);
        let titles: Vec<&str> = told.iter().map(|one| one.title.as_str()).collect();
        assert_eq!(
            titles,
            [
                "`../0` lies outside the experiment's folder",
                "`x`, line 1: no text in field `text`",
                "`x`, line 2: no text in field `text`"
            ]
        );
        assert_eq!(told[0].notes[1], "The same holds of at least 36 more.");
        assert_eq!(counted(outside(3), false).len(), 3, "a few are named");
    }

    #[test]
    fn codes_are_in_order_and_in_range() {
        assert!(ALL.windows(2).all(|w| w[0].code < w[1].code));
        assert!(ALL.iter().all(|p| ("E0550"..="E0599").contains(&p.code.0)));
    }

    #[test]
    fn every_page_explains() {
        for page in ALL {
            assert!(page.page.len() > 80, "{} says too little", page.code);
            assert!(!page.title.ends_with('.'), "{}: titles have no full stop", page.code);
        }
    }
}
