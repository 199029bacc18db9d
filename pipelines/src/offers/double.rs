//! Visits of a wished-for length: one slot, or two neighbouring ones of one doctor.

use frontdesk_types::Offer;

use crate::wish::Visit;

/// Offers of the length that was wished for, in the order of time: single ones where they are long
/// enough, else pairs.
pub(super) fn of_length(visit: Visit, mut offers: Vec<Offer>) -> Vec<Offer> {
    let enough = |offer: &Offer| visit.minutes.is_none_or(|wanted| wanted <= offer.minutes());
    if !visit.double && offers.iter().any(enough) {
        offers.retain(enough);
        return offers;
    }
    offers.sort_by_key(|offer| (offer.starts_at, offer.doctor));
    let pairs = offers.iter().enumerate().filter_map(|(at, first)| {
        let second = offers.iter().skip(at + 1).find(|next| next.doctor == first.doctor)?;
        let gap = second.starts_at.duration_since(first.ends_at).as_mins();
        // Whoever books asks whether they are neighbours; a slot between them would fill the gap.
        let neighbours = (0..first.minutes()).contains(&gap);
        let (second, ends_at) = (Some(second.slot), second.ends_at);
        neighbours.then(|| Offer { second, ends_at, ..first.clone() })
    });
    pairs.filter(enough).collect()
}
