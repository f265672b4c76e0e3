//! What stands above the account in its organization, and which profiles can be called under it.

use crisguard_aws::organizations::CALLS_AT_ONCE;
use crisguard_core::{posture::ReachPosture, region::Region};

use super::{everywhere::Eye, resources};
use crate::ports::ReadOrganization as _;

/// Looks at the account's place in its organization, which is the same in every Region, and at the profiles of a
/// Region.
pub(super) async fn observe(eye: &Eye<'_>, region: &Region) -> ReachPosture {
    let standing = || eye.read(CALLS_AT_ONCE, eye.organizations.standing(&eye.account));
    let membership = eye.membership.get_or_init(standing);
    let (membership, listed) = tokio::join!(membership, resources::listed(eye, region));
    ReachPosture {
        membership: membership.clone(),
        listed,
    }
}
