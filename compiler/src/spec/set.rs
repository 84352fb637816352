//! `--set a.b=v`: overrides of single values, applied to the tree before it is
//! checked, so that an override is held to the same rules as the spec. An empty
//! value removes. Refuses steps into something that is no map and no list. A value may be a secret
//! that is about to be refused: messages name the path alone.

use super::error::{Place, SpecError};
use super::node::{Entry, Node, Value};

/// Longest path, in steps; the deepest key of a spec is four steps down.
const MAX_STEPS: usize = 16;

const USAGE: &str = "write --set PATH=VALUE, with a dotted path, like --set load.stages.0.rate=5";

/// Applies one override to the document.
pub fn apply(document: &mut Node, set: &str, file: &str) -> Result<(), SpecError> {
    let unnamed = |what: &str| SpecError::new(file, &Place::Set(None), what, USAGE);
    let (path, value) = set
        .split_once('=')
        .ok_or_else(|| unnamed("there is no `=`"))?;
    // As in `server.api_key: KEY==`.
    if path.contains(|c: char| c == ':' || c.is_whitespace()) {
        return Err(unnamed("there is a colon or a space before the `=`"));
    }
    let place = Place::Set(Some(path.to_owned()));
    let refuse = |what: &str| SpecError::new(file, &place, what, USAGE);
    let steps: Vec<&str> = path.split('.').collect();
    if steps.iter().any(|step| step.is_empty()) {
        return Err(refuse("a step of the path is empty"));
    }
    if steps.len() > MAX_STEPS {
        return Err(refuse("the path has too many steps"));
    }
    // What the parser of YAML says repeats tags, keys and the like.
    let mut value = Node::parse(value, file).map_err(|_| {
        let remedy = "check its brackets and quotes, or quote it: --set 'PATH=\"VALUE\"'";
        SpecError::new(file, &place, "the value is no YAML of a spec", remedy)
    })?;
    value.move_to(&place);
    let mut target = document;
    for step in steps {
        target = descend(target, step, &place)
            .map_err(|what| SpecError::new(file, &place, what, USAGE))?;
    }
    *target = value;
    Ok(())
}

/// The node one step down, made if it is not there yet.
fn descend<'a>(node: &'a mut Node, step: &str, place: &Place) -> Result<&'a mut Node, String> {
    let index = step.parse::<usize>().ok();
    if let Value::Null = node.value {
        node.value = match index {
            Some(_) => Value::List(Vec::new()),
            None => Value::Map(Vec::new()),
        };
        node.place = place.clone();
    }
    let kind = node.kind();
    match (&mut node.value, index) {
        (Value::Map(entries), _) => Ok(in_map(entries, step, place)),
        (Value::List(items), Some(index)) => in_list(items, index, place),
        (Value::List(items), None) => Err(format!(
            "`{step}` is a step into a list of {}, which needs a number from 0",
            items.len()
        )),
        _ => Err(format!(
            "`{step}` is a step into {kind}, which has no parts"
        )),
    }
}

fn in_map<'a>(entries: &'a mut Vec<Entry>, key: &str, place: &Place) -> &'a mut Node {
    let found = entries.iter().position(|entry| entry.key == key);
    let index = found.unwrap_or(entries.len());
    if found.is_none() {
        entries.push(Entry {
            key: key.to_owned(),
            key_place: place.clone(),
            node: null(place),
        });
    }
    &mut entries[index].node
}

/// The item at `index`; the one just behind the last is made.
fn in_list<'a>(
    items: &'a mut Vec<Node>,
    index: usize,
    place: &Place,
) -> Result<&'a mut Node, String> {
    let length = items.len();
    if index == length {
        items.push(null(place));
    }
    items
        .get_mut(index)
        .ok_or_else(|| format!("there is no item {index} in a list of {length}"))
}

fn null(place: &Place) -> Node {
    Node {
        value: Value::Null,
        place: place.clone(),
    }
}
