//! Files go in once, bad rows stay in quarantine, nothing is lost.

use crate::centre::on_both_engines;

const HEADER: &str = "\"timestamp\",\"ip\",\"protocol\",\"port\",\"hostname\",\"tag\",\"asn\"\n";

on_both_engines! {
    fn a_file_goes_in_once_whatever_its_name(centre) {
        centre.does(&["feed", "add", "telnet", "--format", "shadowserver", "--stream", "notice"]);
        let body = format!("{HEADER}\"2026-03-30 01:02:03\",\"192.0.2.7\",\"tcp\",23,\"\",\"telnet\",0\n");
        let first = centre.ingests("telnet", "2026-03-30-scan_telnet-jp.csv", &body);
        assert_eq!((first.status, first.number("rows"), first.number("sightings")), (0, 1, 1));
        assert_eq!(first.number("unattributed"), 1);
        let hash = centre.state_hash();
        let again = centre.ingests("telnet", "2026-03-31-scan_telnet-renamed.csv", &body);
        assert_eq!(again.one()["already_ingested"], true);
        assert_eq!(centre.state_hash(), hash);
    }
}
