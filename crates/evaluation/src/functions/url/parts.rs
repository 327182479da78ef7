//! The parts of a URL as `java.net.URL` finds them.

/// A parsed URL; its parts borrow from the text.
#[derive(Debug, Default)]
pub(super) struct Url<'a> {
    protocol: &'a str,
    authority: Option<&'a str>,
    user_info: Option<&'a str>,
    host: &'a str,
    path: &'a str,
    query: Option<&'a str>,
    /// Path and query.
    file: &'a str,
    reference: Option<&'a str>,
}

/// Protocols that every Java knows; any other makes a text no URL.
const PROTOCOLS: [&str; 6] = ["http", "https", "ftp", "file", "jar", "mailto"];

impl<'a> Url<'a> {
    /// `None` if Java would refuse it.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim_matches(|c: char| c <= ' ');
        let (protocol, rest) = text.split_once(':')?;
        let known = PROTOCOLS.iter().find(|known| known.eq_ignore_ascii_case(protocol))?;
        let mut url = Url { protocol: known, ..Url::default() };
        let rest = match rest.split_once('#') {
            Some((rest, reference)) => {
                url.reference = Some(reference);
                rest
            }
            None => rest,
        };
        if *known == "jar" {
            // A jar URL holds another one and the entry after an exclamation mark.
            Url::parse(rest.split_once("!/")?.0)?;
        }
        let rest = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find(['/', '?']).unwrap_or(rest.len());
                url.set_authority(&rest[..end])?;
                &rest[end..]
            }
            None => rest,
        };
        url.file = rest;
        (url.path, url.query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        Some(url)
    }

    fn set_authority(&mut self, authority: &'a str) -> Option<()> {
        self.authority = Some(authority);
        let address = match authority.rsplit_once('@') {
            Some((user_info, address)) => {
                self.user_info = Some(user_info);
                address
            }
            None => authority,
        };
        let port_at = match address.rfind(']') {
            Some(bracket) => address[bracket..].find(':').map(|colon| bracket + colon),
            None => address.find(':'),
        };
        self.host = &address[..port_at.unwrap_or(address.len())];
        let port = port_at.map_or("", |colon| &address[colon + 1..]);
        (port.is_empty() || port.parse::<i32>().is_ok_and(|port| port >= -1)).then_some(())
    }

    /// The part of a name as `PARSE_URL` takes it.
    pub(super) fn part(&self, name: &str) -> Option<&'a str> {
        match name {
            "HOST" => Some(self.host),
            "PATH" => Some(self.path),
            "QUERY" => self.query,
            "REF" => self.reference,
            "PROTOCOL" => Some(self.protocol),
            "FILE" => Some(self.file),
            "AUTHORITY" => self.authority,
            "USERINFO" => self.user_info,
            _ => None,
        }
    }

    /// The value of a key in the query.
    pub(super) fn query_value(&self, key: &str) -> Option<&'a str> {
        self.query?.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_those_of_java() {
        let part = |text, name| Url::parse(text).and_then(|url| url.part(name).map(str::to_string));
        let some = |text: &str| Some(text.to_string());
        let long = "http://userinfo@flink.apache.org/path?query=1#Ref";
        assert_eq!(part(long, "HOST"), some("flink.apache.org"));
        assert_eq!(part(long, "FILE"), some("/path?query=1"));
        assert_eq!(part(long, "AUTHORITY"), some("userinfo@flink.apache.org"));
        assert_eq!(part("http://user:pass@host/?#", "REF"), some(""));
        assert_eq!(part("http://user:pass@host", "PATH"), some(""));
        assert_eq!(part("http://user:pass@host", "QUERY"), None);
        assert_eq!(part("http://a.b:80/c", "HOST"), some("a.b"));
        assert_eq!(part("mailto:a@b", "PATH"), some("a@b"));
        assert_eq!(part("invalid://user:pass@host/f", "HOST"), None);
        assert_eq!(part("jar:file:/a", "PROTOCOL"), None);
        let url = Url::parse("http://a.b/c?x=1&y=2").expect("a URL");
        assert_eq!(url.query_value("y"), Some("2"));
    }
}
