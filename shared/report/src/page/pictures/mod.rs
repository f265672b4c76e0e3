//! The pictures: laid out by a charting library, drawn in the page's own colours.
//!
//! The library colours a flow by its source and writes colours into each element. A page that follows the reader's
//! light or dark scheme, and shows violations apart, needs classes instead. So every element that the library
//! writes passes through [`redraw`], which drops its looks, gives it a class, and escapes what it says.

pub(super) mod flow;
pub(super) mod months;

use quick_xml::{
    Reader, Writer,
    events::{BytesEnd, BytesStart, BytesText, Event},
};

use crate::ReportError;

/// What to make of an element: its class, and the lines that it says instead of its text.
pub(super) struct Drawn {
    pub(super) class: String,
    pub(super) lines: Option<Vec<String>>,
}

/// An element as the library wrote it.
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    /// What it says.
    pub(super) text: String,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The attributes that say where an element is; all others say how it looks.
const PLACES: [&str; 14] = [
    "x",
    "y",
    "x1",
    "y1",
    "x2",
    "y2",
    "cx",
    "cy",
    "r",
    "width",
    "height",
    "points",
    "d",
    "text-anchor",
];

/// Redraws the library's elements; those of which `class` makes nothing are left out. The title and description are
/// what a screen reader says.
pub(super) fn redraw(
    picture: &'static str,
    svg: &str,
    (id, title, description): (&str, &str, &str),
    mut class: impl FnMut(&Element) -> Option<Drawn>,
) -> Result<String, ReportError> {
    let failed = |reason: String| ReportError::Picture { picture, reason };
    let mut writer = Writer::new(Vec::new());
    let mut write = |event: Event<'_>| writer.write_event(event).map_err(|error| failed(error.to_string()));
    let mut reader = Reader::from_str(svg);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Option<Element> = None;
    loop {
        match reader.read_event().map_err(|error| failed(error.to_string()))? {
            Event::Eof => break,
            Event::Start(start) if start.name().as_ref() == "svg" => {
                let element = element(&start).map_err(failed)?;
                write(Event::Start(head(&element, id).map_err(failed)?))?;
                for (name, text) in [("title", title), ("desc", description)] {
                    let start = BytesStart::new(name).with_attributes([("id", format!("{id}-{name}").as_str())]);
                    write(Event::Start(start))?;
                    write(Event::Text(BytesText::new(text)))?;
                    write(Event::End(BytesEnd::new(name)))?;
                }
            }
            Event::Start(start) if start.name().as_ref() != "g" => open = Some(element(&start).map_err(failed)?),
            Event::Text(text) => {
                if let Some(open) = &mut open {
                    open.text.push_str(text.xml10_content().trim());
                }
            }
            Event::End(end) if end.name().as_ref() == "svg" => write(Event::End(BytesEnd::new("svg")))?,
            Event::End(_) => {
                if let Some((element, drawn)) = open.take().and_then(|it| class(&it).map(|drawn| (it, drawn))) {
                    draw(&element, &drawn, &mut write)?;
                }
            }
            _ => {}
        }
    }
    String::from_utf8(writer.into_inner()).map_err(|error| failed(error.to_string()))
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let attributes = start.attributes().map(|attribute| {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let name = attribute.key.as_ref().to_owned();
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .map_err(|error| error.to_string())?;
        Ok((name, value.into_owned()))
    });
    Ok(Element {
        name: start.name().as_ref().to_owned(),
        attributes: attributes.collect::<Result<_, String>>()?,
        text: String::new(),
    })
}

fn head(element: &Element, id: &str) -> Result<BytesStart<'static>, String> {
    let mut head = BytesStart::new("svg");
    for name in ["width", "height", "viewBox"] {
        let value = element.attribute(name).ok_or_else(|| format!("it has no {name}"))?;
        head.push_attribute((name, value));
    }
    head.push_attribute(("role", "img"));
    head.push_attribute(("aria-labelledby", format!("{id}-title {id}-desc").as_str()));
    Ok(head)
}

fn draw(
    element: &Element,
    drawn: &Drawn,
    write: &mut impl FnMut(Event<'_>) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    let mut start = BytesStart::new(element.name.as_str());
    for (name, value) in &element.attributes {
        if PLACES.contains(&name.as_str()) {
            start.push_attribute((name.as_str(), value.as_str()));
        }
    }
    if !drawn.class.is_empty() {
        start.push_attribute(("class", drawn.class.as_str()));
    }
    let lines = match &drawn.lines {
        Some(lines) => lines.as_slice(),
        None if element.text.is_empty() => return write(Event::Empty(start)),
        None => std::slice::from_ref(&element.text),
    };
    write(Event::Start(start))?;
    let x = element.attribute("x").unwrap_or_default();
    for (index, line) in lines.iter().enumerate() {
        let dy = match (index, lines.len()) {
            (0, 1) => "0.35em",
            (0, _) => "-0.25em",
            _ => "1.25em",
        };
        let class = if index == 0 { "first" } else { "more" };
        let span = BytesStart::new("tspan").with_attributes([("x", x), ("dy", dy), ("class", class)]);
        write(Event::Start(span))?;
        write(Event::Text(BytesText::new(line)))?;
        write(Event::End(BytesEnd::new("tspan")))?;
    }
    write(Event::End(BytesEnd::new(element.name.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_without_its_measures_is_none() {
        let drawn = |svg: &str| redraw("flow", svg, ("id", "title", "description"), |_| None);
        assert!(drawn(r#"<svg width="1" height="1" viewBox="0 0 1 1"></svg>"#).is_ok());
        let error = drawn(r#"<svg width="1" height="1"></svg>"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the picture of flow could not be drawn: it has no viewBox"
        );
    }
}
