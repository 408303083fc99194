//! XMP packets that say how a picture came to be.

/// IPTC's digital source type of a picture into which a trained network painted.
pub const TRAINED: &str =
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia";
/// IPTC's digital source type of a picture with something drawn into it.
pub const SYNTHETIC: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic";

const NAMESPACE: &str = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/";
const TYPE: &str = "Iptc4xmpExt:DigitalSourceType";

/// What an output says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// For people.
    pub text: String,
    /// For programs: the URI of an IPTC digital source type.
    pub source: &'static str,
}

impl Mark {
    /// A mark of `text` and one of the digital source types above.
    pub fn new(text: impl Into<String>, source: &'static str) -> Self {
        Self { text: text.into(), source }
    }
}

/// The packet `old`, or an empty one, with `mark` in it. What it said of the digital source
/// before gives way; everything else stays.
///
/// ```
/// use mask2face::image::xmp::{Mark, TRAINED, marked};
/// let packet = marked(None, &Mark::new("faces", TRAINED));
/// assert!(packet.contains(TRAINED) && packet.ends_with("<?xpacket end=\"w\"?>"));
/// ```
pub fn marked(old: Option<&str>, mark: &Mark) -> String {
    let text = mark.text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let ours = format!(
        "<rdf:Description rdf:about=\"\" xmlns:Iptc4xmpExt=\"{NAMESPACE}\" {TYPE}=\"{}\" \
         Iptc4xmpExt:AISystemUsed=\"{text}\"/>",
        mark.source
    );
    let old = old.map(without_source).filter(|old| old.contains("</rdf:RDF>"));
    match old {
        Some(old) => old.replacen("</rdf:RDF>", &format!("{ours}</rdf:RDF>"), 1),
        None => format!(
            "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
             <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
             <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
             {ours}</rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>"
        ),
    }
}

/// `packet` without what it says of the digital source, as attribute or as element.
fn without_source(packet: &str) -> String {
    let mut out = packet.to_owned();
    for (open, close) in
        [(format!(" {TYPE}=\""), "\"".to_owned()), (format!("<{TYPE}"), format!("</{TYPE}>"))]
    {
        while let Some(at) = out.find(&open) {
            let from = at + open.len();
            let tag = out[from..].split('>').next().unwrap_or_default();
            let empty = open.starts_with('<') && tag.ends_with('/');
            let close = if empty { "/>" } else { close.as_str() };
            let Some(end) = out[from..].find(close) else { break };
            out.replace_range(at..from + end + close.len(), "");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_before_gives_way_and_the_rest_stays() {
        let mark = Mark::new("a \"b\" & c", TRAINED);
        for old in [
            format!("<a {TYPE}=\"x/digitalCapture\" k=\"1\">"),
            format!("<a k=\"1\"><{TYPE}>x/digitalCapture</{TYPE}>"),
            format!("<a k=\"1\"><{TYPE} rdf:resource=\"x/digitalCapture\"/>"),
        ] {
            let packet = marked(Some(&format!("{old}</a></rdf:RDF>")), &mark);
            assert!(!packet.contains("digitalCapture"), "{packet}");
            assert!(packet.contains("k=\"1\"") && packet.contains(TRAINED), "{packet}");
            assert!(packet.contains("a &quot;b&quot; &amp; c"), "{packet}");
        }
    }
}
