//! The norm of all gradients, AdamW and SGD: a whole list of tensors in one launch.

use super::{Call, Lower, length, op, signed, suffix, unsigned};
use regimen_base::{Diagnostic, gpu};
use tch::Tensor;

pub(super) const ALL: &[Lower] = &[op("adamw", adamw), op("global_norm", global_norm), op("sgd", sgd)];

/// The kernels' list: for every tensor its parts (parameter, gradient, first, second, copy), its elements, and its first chunk.
fn table(cx: &Call, parts: [&[&Tensor]; 5]) -> Result<(u64, i64), Diagnostic> {
    let n = parts.iter().map(|list| list.len()).max().unwrap_or(0);
    let mut words = vec![];
    let mut chunk = 0;
    for i in 0..n {
        let Some(any) = parts.iter().find_map(|list| list.get(i)) else { continue };
        words.extend(parts.iter().map(|list| list.get(i).map_or(0, |t| crate::cuda::address(t))));
        words.extend([unsigned(length(any)), chunk]);
        chunk += gpu::chunks([unsigned(length(any))]);
    }
    Ok((cx.done(cx.cuda()?.table(words))?, signed(chunk)))
}

fn group<'a>(cx: &'a Call, first: usize, n: usize) -> Result<Vec<&'a Tensor>, Diagnostic> {
    let list: Vec<&Tensor> = (first..first + n).map(|i| cx.input(i)).collect::<Result<_, _>>()?;
    super::contiguous(cx, &list)?;
    Ok(list)
}

fn global_norm(cx: &mut Call) -> Result<(), Diagnostic> {
    let n = cx.inputs();
    let gradients = group(cx, 0, n)?;
    let Some(first) = gradients.first() else { return Err(cx.malformed("has no gradients")) };
    if gradients.iter().any(|g| g.kind() != first.kind()) {
        return Err(cx.malformed("has gradients of several types"));
    }
    let name = format!("squares_{}", cx.done(suffix(first))?);
    let (table, chunks) = table(cx, [&[], &gradients, &[], &[], &[]])?;
    let partial = cx.done(cx.cuda()?.scratch(chunks * 8))?;
    let launch = cx.cuda()?.kernel("optimizers", name).grid(chunks, 1);
    cx.done(launch.word(table).int(signed(n as u64)).tensor(&partial).run())?;
    let launch = cx.cuda()?.kernel("optimizers", "norm_of_squares").threads(1024);
    cx.done(launch.tensor(cx.output(0)?).tensor(&partial).int(chunks).run())
}

/// Types of parameter and gradient, as the kernels' names end.
fn types(cx: &Call, parameters: &[&Tensor], gradients: &[&Tensor]) -> Result<String, Diagnostic> {
    match (parameters.first(), gradients.first()) {
        (Some(p), Some(g)) => Ok(format!("{}_{}", cx.done(suffix(p))?, cx.done(suffix(g))?)),
        _ => Err(cx.malformed("has no parameters")),
    }
}

fn adamw(cx: &mut Call) -> Result<(), Diagnostic> {
    let n = cx.count("n")?;
    let copies = if cx.flag("copies")? { n } else { 0 };
    let (p, g) = (group(cx, 3, n)?, group(cx, 3 + n, n)?);
    let (m, v, copies) = (group(cx, 3 + 2 * n, n)?, group(cx, 3 + 3 * n, n)?, group(cx, 3 + 4 * n, copies)?);
    let (table, chunks) = table(cx, [&p, &g, &m, &v, &copies])?;
    let mut settings = vec![];
    for name in ["beta1", "beta2", "eps", "weight_decay", "clip"] {
        settings.push(cx.float(name)?.to_bits());
    }
    // Plans for a CPU do not say it.
    settings.push(u64::from(cx.flag("zero").unwrap_or(false)));
    let launch = cx.cuda()?.kernel("optimizers", format!("adamw_{}", types(cx, &p, &g)?)).grid(chunks, 1);
    let launch = launch.word(table).int(signed(n as u64));
    let launch = launch.tensor(cx.input(0)?).tensor(cx.input(1)?).tensor(cx.input(2)?);
    cx.done(launch.value(&settings).run())
}

fn sgd(cx: &mut Call) -> Result<(), Diagnostic> {
    let (n, momentum) = (cx.count("n")?, cx.float("momentum")?);
    let buffers = if momentum > 0.0 { n } else { 0 };
    let copies = if cx.flag("copies")? { n } else { 0 };
    let (p, g, b) = (group(cx, 2, n)?, group(cx, 2 + n, n)?, group(cx, 2 + 2 * n, buffers)?);
    let copies = group(cx, 2 + 2 * n + buffers, copies)?;
    let (table, chunks) = table(cx, [&p, &g, &b, &[], &copies])?;
    let settings = [momentum.to_bits(), cx.float("weight_decay")?.to_bits(), cx.float("clip")?.to_bits()];
    let launch = cx.cuda()?.kernel("optimizers", format!("sgd_{}", types(cx, &p, &g)?)).grid(chunks, 1);
    let launch = launch.word(table).int(signed(n as u64)).tensor(cx.input(0)?).tensor(cx.input(1)?);
    cx.done(launch.value(&settings).run())
}
