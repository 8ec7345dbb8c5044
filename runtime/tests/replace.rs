//! Tokens drawn from a generator: their distribution, what they depend on, and which count as replaced.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::result_large_err)]

mod common;

use common::{Op, integers, normal, number, start, ty};
use regimen_base::tensor::DType;
use tch::{Kind, Tensor};

fn replaced(logits: &Tensor, tokens: &Tensor, labels: &Tensor, samples: &Tensor, step: i64) -> [Tensor; 2] {
    let ids = ty(DType::I64, &tokens.size());
    let op =
        Op::new("replace_tokens", &[logits, tokens, labels, samples, &number(step)], &[ids.clone(), ids]);
    let mut results = op.int("key", 0x0123_4567_89ab_cdef).int("site", 9).ok();
    let targets = results.pop().unwrap();
    [results.pop().unwrap(), targets]
}

fn samples(n: i64) -> Tensor {
    Tensor::arange(n, (Kind::Int64, tch::Device::Cpu))
}

fn count(t: &Tensor) -> f64 {
    t.sum(Kind::Double).double_value(&[])
}

#[test]
fn every_token_is_drawn_as_often_as_its_probability_says() {
    let _turn = start(2);
    let (b, t, v) = (40, 500, 7);
    let row = normal(&[v], DType::F32) * 2.0;
    let logits = row.expand([b, t, v], true).contiguous();
    let labels = Tensor::zeros([b, t], (Kind::Int64, tch::Device::Cpu));
    let [drawn, targets] = replaced(&logits, &labels, &labels, &samples(b), 3);
    let probabilities = row.to_kind(Kind::Double).softmax(-1, Kind::Double);
    let n = (b * t) as f64;
    for id in 0..v {
        let (p, found) = (probabilities.double_value(&[id]), count(&drawn.eq(id)));
        assert!(
            (found - n * p).abs() <= 5.0 * (n * p * (1.0 - p)).sqrt() + 1.0,
            "{id}: {found} of {n}, p {p}"
        );
    }
    assert_eq!(count(&targets), count(&drawn.ne(0)), "a draw of what was there counts as original");
}

#[test]
fn only_hidden_tokens_change_and_rows_that_fill_up_a_batch_do_not_count() {
    let _turn = start(2);
    let (b, t, v) = (4, 60, 11);
    let (logits, tokens) = (normal(&[b, t, v], DType::F32), integers(v, &[b, t]));
    let hidden = integers(3, &[b, t]).eq(0);
    let labels = integers(v, &[b, t]).masked_fill(&hidden.logical_not(), -100);
    let filled = Tensor::from_slice(&[5i64, -1, 7, -1]);
    let [drawn, targets] = replaced(&logits, &tokens, &labels, &filled, 0);
    for row in 0..b {
        let (drawn, targets, tokens) = (drawn.get(row), targets.get(row), tokens.get(row));
        if row % 2 == 1 {
            assert!(drawn.equal(&tokens) && count(&targets.eq(-100)) == t as f64);
            continue;
        }
        let (hidden, labels) = (hidden.get(row), labels.get(row));
        assert_eq!(count(&drawn.ne_tensor(&tokens).logical_and(&hidden.logical_not())), 0.0);
        assert!(targets.eq(1).equal(&hidden.logical_and(&drawn.ne_tensor(&labels))));
    }
}

#[test]
fn draws_depend_on_the_sample_and_the_step_and_not_on_the_batch() {
    let _turn = start(2);
    let (b, t, v) = (3, 50, 40);
    let logits = normal(&[1, t, v], DType::F32).expand([b, t, v], true).contiguous();
    let labels = Tensor::zeros([b, t], (Kind::Int64, tch::Device::Cpu));
    let numbers = Tensor::from_slice(&[5i64, 1 << 33, 77]);
    let draw = |rows: i64, from: i64, step| {
        let part = |t: &Tensor| t.narrow(0, from, rows).contiguous();
        let [drawn, _] =
            replaced(&part(&logits), &part(&labels), &part(&labels), &numbers.narrow(0, from, rows), step);
        drawn
    };
    let whole = draw(3, 0, 11);
    assert!((0..3).all(|row| draw(1, row, 11).get(0).equal(&whole.get(row))));
    assert!(!whole.get(0).equal(&whole.get(1)) && !whole.equal(&draw(3, 0, 12)));
}

/// The draw is the inverse of the distribution function: nothing is drawn that has no probability, at either end.
#[test]
fn impossible_tokens_are_never_drawn() {
    let _turn = start(1);
    let (b, t) = (10, 200);
    let labels = Tensor::zeros([b, t], (Kind::Int64, tch::Device::Cpu));
    for dtype in [Kind::Float, Kind::Double] {
        let logits = Tensor::from_slice(&[-1e4f64, 0.0, -1e4, 1.0, -1e4]).to_kind(dtype);
        let [drawn, _] =
            replaced(&logits.expand([b, t, 5], true).contiguous(), &labels, &labels, &samples(b), 1);
        assert_eq!(count(&drawn.eq(1)) + count(&drawn.eq(3)), (b * t) as f64);
    }
}
