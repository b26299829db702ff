//! SQL that counts names which lead nowhere.

use crate::check::Kind;

/// Names that lead nowhere: each query counts them.
pub(in crate::check) const LOOSE: [(Kind, &str, &str); 21] = [
    (
        Kind::InquiryId,
        "inquiry IDs lead to no case",
        "SELECT COUNT(*) FROM inquiry_ids q WHERE NOT EXISTS
             (SELECT 1 FROM case_rows r WHERE r.isp_id = q.isp_id AND r.id = q.case_id)",
    ),
    (
        Kind::InquiryId,
        "cases have more than one inquiry ID",
        "SELECT COUNT(*) FROM (SELECT 1 FROM inquiry_ids GROUP BY isp_id, case_id
             HAVING COUNT(*) > 1) AS doubled",
    ),
    (
        Kind::InquiryId,
        "tags of inquiry IDs stand more than once",
        "SELECT COUNT(*) FROM (SELECT 1 FROM inquiry_ids GROUP BY tag HAVING COUNT(*) > 1)
             AS doubled",
    ),
    (
        Kind::NoticeLine,
        "lines of lists lead to no case",
        "SELECT COUNT(*) FROM notice_lines l WHERE NOT EXISTS
             (SELECT 1 FROM case_rows r WHERE r.isp_id = l.isp_id AND r.id = l.case_id)",
    ),
    (
        Kind::NoticeLine,
        "lines belong to no list",
        "SELECT COUNT(*) FROM notice_lines l WHERE NOT EXISTS
             (SELECT 1 FROM notices n WHERE n.isp_id = l.isp_id AND n.id = l.notice_id)",
    ),
    (
        Kind::NoticeLine,
        "lists have more or fewer lines than they say",
        "SELECT COUNT(*) FROM notices n WHERE n.lines <> (SELECT COUNT(*) FROM notice_lines l
             WHERE l.isp_id = n.isp_id AND l.notice_id = n.id)",
    ),
    (
        Kind::NoticeLine,
        "reports speak of no line",
        "SELECT COUNT(*) FROM line_reports r WHERE NOT EXISTS
             (SELECT 1 FROM notice_lines l WHERE l.isp_id = r.isp_id
                 AND l.notice_id = r.notice_id AND l.record_no = r.record_no)",
    ),
    (
        Kind::Reference,
        "line tokens stand for no case",
        "SELECT COUNT(*) FROM line_tokens q WHERE NOT EXISTS
             (SELECT 1 FROM case_rows r WHERE r.isp_id = q.isp_id AND r.id = q.case_id)",
    ),
    (
        Kind::Reference,
        "facts are told of no case",
        "SELECT COUNT(*) FROM case_events q WHERE NOT EXISTS
             (SELECT 1 FROM case_rows r WHERE r.isp_id = q.isp_id AND r.id = q.case_id)",
    ),
    (
        Kind::Reference,
        "clean scans are kept for no case",
        "SELECT COUNT(*) FROM clean_scans q WHERE NOT EXISTS
             (SELECT 1 FROM case_rows r WHERE r.isp_id = q.isp_id AND r.id = q.case_id)",
    ),
    (
        Kind::Reference,
        "devices were seen again as no case",
        "SELECT COUNT(*) FROM (SELECT isp_id, case_id FROM same_devices
             UNION ALL SELECT isp_id, later_id FROM same_devices) q WHERE NOT EXISTS
             (SELECT 1 FROM case_rows r WHERE r.isp_id = q.isp_id AND r.id = q.case_id)",
    ),
    (
        Kind::Reference,
        "visits, marks or choices belong to no case",
        "SELECT COUNT(*) FROM (SELECT isp_id, case_id FROM visits
             UNION ALL SELECT isp_id, case_id FROM step_marks
             UNION ALL SELECT isp_id, case_id FROM device_choices) q WHERE NOT EXISTS
             (SELECT 1 FROM case_rows r WHERE r.isp_id = q.isp_id AND r.id = q.case_id)",
    ),
    (
        Kind::Reference,
        "joined cases follow no case that speaks for its line",
        "SELECT COUNT(*) FROM case_rows q WHERE q.line_of IS NOT NULL AND NOT EXISTS
             (SELECT 1 FROM case_rows r WHERE r.isp_id = q.isp_id AND r.id = q.line_of
                 AND r.line_of IS NULL)",
    ),
    (
        Kind::Reference,
        "cases have no traits",
        "SELECT COUNT(*) FROM case_rows r WHERE NOT EXISTS
             (SELECT 1 FROM case_traits c WHERE c.no = r.traits)",
    ),
    (
        Kind::Reference,
        "traits of cases name no file",
        "SELECT COUNT(*) FROM case_traits c WHERE NOT EXISTS
             (SELECT 1 FROM feed_files f WHERE f.id = c.feed_file_id AND f.feed_id = c.feed_id)",
    ),
    (
        Kind::Reference,
        "cases belong to no provider",
        "SELECT COUNT(*) FROM case_rows r WHERE NOT EXISTS
             (SELECT 1 FROM isps i WHERE i.id = r.isp_id)",
    ),
    (
        Kind::Reference,
        "times are kept for no case",
        "SELECT COUNT(*) FROM case_times t WHERE t.no NOT IN (SELECT no FROM case_rows)",
    ),
    (
        Kind::Register,
        "numbers of cases stand more than once",
        "SELECT COUNT(*) FROM (SELECT 1 FROM case_rows GROUP BY no HAVING COUNT(*) > 1)
             AS doubled",
    ),
    (
        Kind::Register,
        "cases have a number that is yet to be drawn",
        "SELECT COUNT(*) FROM case_rows WHERE no >= (SELECT MAX(next) FROM case_numbers)",
    ),
    (
        Kind::Reference,
        "quarantined rows, runs or kept sightings belong to no file",
        "SELECT COUNT(*) FROM (SELECT feed_file_id FROM quarantined_rows
             UNION ALL SELECT feed_file_id FROM run_hits
             UNION ALL SELECT feed_file_id FROM sighting_chunks) q WHERE NOT EXISTS
             (SELECT 1 FROM feed_files f WHERE f.id = q.feed_file_id)",
    ),
    (
        Kind::Coverage,
        "rows of coverage name no file",
        "SELECT COUNT(*) FROM scan_coverage c WHERE NOT EXISTS
             (SELECT 1 FROM feed_files f WHERE f.feed_id = c.feed_id AND f.holds = 'coverage'
                 AND f.sha256 = c.file_sha256)",
    ),
];
