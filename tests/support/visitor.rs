//! A visitor with a letter in hand: a browser without script, against a served centre.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
};

use serde_json::Value;
use ureq::Agent;

use crate::centre::Centre;

/// The site of a centre, served until it is dropped.
pub(crate) struct Site {
    process: Child,
    address: String,
}

impl Centre {
    /// Serves this centre's site on a free port.
    pub(crate) fn opens_its_site(&self) -> Site {
        let mut process = self
            .command(&["serve", "--listen", "127.0.0.1:0", "--json"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        Site { process, address: format!("http://{}", told["listening"].as_str().unwrap()) }
    }
}

impl Site {
    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// Somebody comes, with an empty browser.
    pub(crate) fn visitor(&self) -> Visitor<'_> {
        let config = Agent::config_builder().max_redirects(0).http_status_as_error(false).build();
        Visitor { site: self, browser: config.into() }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A person at the site.
pub(crate) struct Visitor<'a> {
    site: &'a Site,
    browser: Agent,
}

/// A page as it came.
#[derive(Debug)]
pub(crate) struct Page {
    /// The status.
    pub(crate) status: u16,
    /// Where it sends the visitor on to.
    pub(crate) onwards: Option<String>,
    /// Its text.
    pub(crate) text: String,
}

impl Visitor<'_> {
    /// Opens a page, and follows where it leads.
    pub(crate) fn opens(&self, path: &str) -> Page {
        let mut path = path.to_owned();
        for _ in 0..5 {
            let page = taken(self.browser.get(format!("{}{path}", self.site.address)).call());
            match &page.onwards {
                Some(onwards) => onwards.split('#').next().unwrap().clone_into(&mut path),
                None => return page,
            }
        }
        panic!("{path} leads round in circles");
    }

    /// Sends a form.
    pub(crate) fn sends(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let url = format!("{}{path}", self.site.address);
        taken(self.browser.post(url).send_form(fields.iter().copied()))
    }

    /// Types an inquiry ID; gives the answer to it.
    pub(crate) fn enters(&self, inquiry_id: &str) -> Page {
        self.sends("/id", &[("id", inquiry_id)])
    }

    /// Says that all steps of the manual are done, through check and confirmation.
    pub(crate) fn says_done(&self) -> Page {
        let steps: Vec<String> = (1..=3).map(|n| format!("step-{n}")).collect();
        let fields: Vec<(&str, &str)> = steps.iter().map(|step| (step.as_str(), "on")).collect();
        let ticked: Vec<String> = steps.iter().map(|step| format!("{step}=on")).collect();
        let check = self.opens(&format!("/case/done/check?{}", ticked.join("&")));
        assert!(check.status < 400, "{check:?}");
        let sent = self.sends("/case/done/check", &fields);
        assert!(sent.status < 400, "{sent:?}");
        self.opens("/case/done/sent")
    }
}

fn taken(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Page {
    let mut answer = answer.unwrap();
    let onwards = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
    let text = answer.body_mut().read_to_string().unwrap();
    Page { status: answer.status().as_u16(), onwards, text }
}
