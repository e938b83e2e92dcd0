//! What differs between two stores, or what an edit of one changes, as lines for people: `{default}  safeboot  (none) -> Minimal`.

use owo_colors::OwoColorize as _;

use crate::bcd::Element;
use crate::bcd::ElementId;
use crate::bcd::Object;
use crate::bcd::ObjectType;
use crate::bcd::compare::Comparison;
use crate::bcd::compare::Difference;
use crate::bcd::names::display_name;
use crate::bytes;
use crate::cli::output::bcdedit;
use crate::cli::output::bcdedit::Resolve;
use crate::cli::output::object_names::ObjectNames;
use crate::cli::text::lines::Lines;
use crate::cli::text::pieces;
use crate::cli::text::pieces::width;
use crate::cli::text::words::clean;
use crate::cli::text::words::count;
use crate::hive::REG_DWORD;
use crate::hive::REG_SZ;
use crate::hive::Value;

/// Columns of an object's name that stands beside its elements; longer ones, which are GUIDs, stand above them.
const BESIDE: usize = 22;
/// Columns of the longest word for an element.
const WORDS: usize = 36;
/// Columns where what does not fit goes on, where the values stand too far to the right.
const HANGING: usize = 8;
/// Bytes of a value without a meaning that are shown.
const BYTES: usize = 16;

/// A line: an object, what of it changes, and how.
struct Row {
    object: String,
    name: String,
    pieces: Vec<String>,
}

/// All that differs between two stores, object by object.
pub fn add(out: &mut Lines, comparison: &Comparison<'_>, resolve: Resolve<'_>) {
    let room = out.columns().saturating_sub(BESIDE);
    let names = match comparison.before.default_id() == comparison.after.default_id() {
        true => ObjectNames::short(comparison.after),
        false => ObjectNames::without_default(),
    };
    let show = Show { resolve, names, room };
    let rows: Vec<Row> = comparison.differences.iter().flat_map(|it| show.rows(it)).collect();
    let widest = |of: fn(&Row) -> &String, most: usize| {
        rows.iter().map(|row| width(of(row))).filter(|width| *width <= most).max().unwrap_or(0)
    };
    let objects = widest(|row| &row.object, BESIDE);
    let names = widest(|row| &row.name, WORDS);
    let mut last = "";
    for Row { object, name, pieces } in &rows {
        let mut shown = if object == last { "" } else { object };
        last = object;
        if width(shown) > BESIDE {
            out.whole(format_args!("  {shown}"));
            shown = "";
        }
        let start = format!("  {shown:<objects$}  {name:<names$}  ");
        let indent = if width(&start) > out.columns() / 2 { HANGING } else { width(&start) };
        pieces::add(out, &start, pieces.iter().map(String::as_str), indent);
    }
}

struct Show<'a> {
    resolve: Resolve<'a>,
    names: ObjectNames,
    room: usize,
}

impl Show<'_> {
    fn rows(&self, difference: &Difference<'_>) -> Vec<Row> {
        match difference {
            Difference::Object { object, is_new } => self.object(object, *is_new),
            Difference::Element { objects: [object, later], before, after } => {
                let text = |of: &Object, element: &Element| self.element(of, element);
                let texts = (before.map(|it| text(object, it)), after.map(|it| text(later, it)));
                let is_same = difference.is_same_value();
                let pieces = match (before, after) {
                    (Some(before), Some(after)) if is_same => {
                        same(texts.1, before.raw.len(), after.raw.len())
                    }
                    _ => change(texts.0, texts.1),
                };
                let named = after.map(|it| (it, later)).or(before.map(|it| (it, object)));
                let name = named.map(|(element, of)| display_name(element, of.object_type));
                vec![self.row(Some(object), &name.unwrap_or_default(), pieces)]
            }
            Difference::Description { objects, before, after } => {
                let name = after.or(*before).map(|value| value.name.as_str()).unwrap_or_default();
                let pieces = change(before.map(registry_value), after.map(registry_value));
                vec![self.row(objects.map(|[object, _]| object), name, pieces)]
            }
            Difference::Other { path, before, after, is_there } => {
                let text = |value: Option<&Value>, is_there: bool| match value {
                    Some(value) => Some(registry_value(value)),
                    None => is_there.then(|| vec!["(key)".to_owned()]),
                };
                let [was, is] = *is_there;
                vec![self.row(None, &path.join("\\"), change(text(*before, was), text(*after, is)))]
            }
        }
    }

    /// An object that came with all its elements, or one that went.
    fn object(&self, object: &Object, is_new: bool) -> Vec<Row> {
        let mut title = vec![bcdedit::title(object)];
        let description = object.string(ElementId::DESCRIPTION);
        let description = description.map(|text| format!("\"{}\"", clean(text))).unwrap_or_default();
        title.extend(description.split(' ').filter(|word| !word.is_empty()).map(str::to_owned));
        let word = if is_new { "(new)" } else { "(removed)" };
        let mut rows = vec![self.row(Some(object), word, title)];
        if is_new {
            rows.extend(object.elements.iter().map(|element| {
                let pieces = shown(Some(self.element(object, element)));
                self.row(Some(object), &display_name(element, object.object_type), pieces)
            }));
        }
        rows
    }

    fn element(&self, object: &Object, element: &Element) -> Vec<String> {
        bcdedit::value_pieces(element, object, self.resolve, self.names, self.room)
    }

    fn row(&self, object: Option<&Object>, name: &str, pieces: Vec<String>) -> Row {
        let object = object.map_or_else(|| "(store)".to_owned(), |object| self.names.of_object(object));
        Row { object: clean(&object), name: clean(name), pieces }
    }
}

/// `before -> after`.
fn change(before: Option<Vec<String>>, after: Option<Vec<String>>) -> Vec<String> {
    if before.is_some() && before == after {
        let mut pieces = shown(after);
        pieces.push("(other bytes)".to_owned());
        return pieces;
    }
    let mut pieces = shown(before);
    let mut after = shown(after).into_iter();
    pieces.extend(after.next().map(|first| format!("{} {first}", "->".green())));
    pieces.extend(after);
    pieces
}

/// The same value in other bytes.
fn same(text: Option<Vec<String>>, before: usize, after: usize) -> Vec<String> {
    let mut pieces = shown(text);
    let bytes = |len| count(len, "byte", "bytes");
    pieces.push(match before == after {
        true => "(the same, in other bytes)".to_owned(),
        false => format!("(the same, in {} instead of {})", bytes(after), bytes(before)),
    });
    pieces
}

fn shown(text: Option<Vec<String>>) -> Vec<String> {
    match text {
        None => vec!["(none)".to_owned()],
        Some(pieces) if pieces.is_empty() => vec!["(empty)".to_owned()],
        Some(pieces) => pieces,
    }
}

/// A value that is no element's.
fn registry_value(value: &Value) -> Vec<String> {
    let number = bytes::le_u32(&value.data, 0).filter(|_| value.data.len() == 4);
    match (value.data_type, number) {
        (REG_DWORD, Some(number)) if value.name.eq_ignore_ascii_case("Type") => {
            vec![ObjectType(number).to_string()]
        }
        (REG_DWORD, Some(number)) => vec![number.to_string()],
        (REG_SZ, _) => {
            let text = clean(&bytes::utf16le_until_nul(&value.data));
            text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
        }
        _ if value.data.is_empty() => Vec::new(),
        _ => {
            let first = value.data.get(..BYTES).unwrap_or(&value.data);
            let more = if first.len() < value.data.len() { "..." } else { "" };
            vec![
                format!("{}{more}", bytes::hex(first)),
                format!("({})", count(value.data.len(), "byte", "bytes")),
            ]
        }
    }
}

#[cfg(test)]
mod tests;
