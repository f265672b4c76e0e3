//! What stands above the account in its organization, and which profiles can be called under it.

use std::sync::Arc;

use crisguard_aws::organizations;
use crisguard_core::{
    posture::{Membership, Observed, ReachPosture},
    region::Region,
    scp::organization::OrganizationDocument,
};
use crisguard_lambda::organization::document;

use super::{everywhere::Eye, resources};

/// The session's name, by which the role's account knows who assumed it.
const SESSION: &str = "crisguard-check-posture";

/// Looks at the account's place in its organization, and at the profiles of a Region.
pub(super) async fn observe(eye: &Eye<'_>, region: &Region) -> ReachPosture {
    let membership = eye.membership.get_or_init(|| membership(eye));
    let (membership, listed) = tokio::join!(membership, resources::listed(eye, region));
    ReachPosture {
        membership: membership.clone(),
        listed,
    }
}

/// Reads where the account stands, which is the same in every Region.
async fn membership(eye: &Eye<'_>) -> Observed<Membership> {
    let organization = eye.aws.organization(eye.sweep.home.as_str());
    let Some(member) = eye.ask(organization.membership()).await? else {
        return Ok(Membership::None);
    };
    if member.management_account == eye.account.as_str() {
        return Ok(Membership::ManagementAccount);
    }
    Ok(Membership::Member(above(eye, member).await))
}

/// Reads what stands above the account, as the role that may where there is one.
async fn above(eye: &Eye<'_>, member: organizations::Membership) -> Observed<Arc<OrganizationDocument>> {
    let home = eye.sweep.home.as_str();
    let organization = match &eye.organization_role {
        Some(role) => {
            let session = eye.ask(eye.aws.roles(home).assume(role, SESSION)).await?;
            eye.aws.assuming(&session).organization(home)
        }
        None => eye.aws.organization(home),
    };
    let above = organization.above(eye.account.as_str());
    let tree = eye.read(organizations::CALLS_AT_ONCE, above).await?;
    document(member, tree).map(Arc::new)
}
