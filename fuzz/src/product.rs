//! 製品側の読取: what people type into the product.

use todoke::cases::inquiry_id::InquiryId;

pub(crate) fn inquiry_id(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(id) = InquiryId::parse(text) {
        assert!(InquiryId::parse(&id.reveal()).is_ok_and(|again| again == id));
    }
}
