//! The three places of a seed: `seed`, inference-perf's `load.base_seed`, and its
//! `data.shared_prefix.seed`, which counts only if neither other is there.

use super::context::Context;
use super::error::SpecError;
use super::fields::Cursor;

/// The seed, of `seed`, `base_seed` and the shared prefix's, in this order.
pub fn read(
    seeds: [Option<Cursor<'_>>; 3],
    context: &mut Context<'_>,
) -> Result<Option<u64>, SpecError> {
    let one = |cursor: &Cursor<'_>| cursor.count(0, u64::MAX, "");
    let [seed, base_seed, data_seed] = &seeds;
    let first = seed.as_ref().map(one).transpose()?;
    let second = base_seed.as_ref().map(one).transpose()?;
    if let (Some(first), Some(second), Some(cursor)) = (first, second, base_seed)
        && first != second
    {
        let what = format!("{second} is not the `seed` of {first}");
        let remedy = "remove one of the two: they are two names for one seed";
        return Err(cursor.error(what, remedy));
    }
    let third = data_seed.as_ref().map(one).transpose()?;
    let chosen = first.or(second);
    if let (Some(chosen), Some(third), Some(cursor)) = (chosen, third, data_seed)
        && chosen != third
    {
        let name = cursor.name();
        context.note(format!(
            "{name} is not used: the seed of the whole spec is {chosen}"
        ));
    }
    Ok(chosen.or(third))
}
