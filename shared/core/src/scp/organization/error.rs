//! Why an organization could not be read.

use crate::scp::PolicyError;

/// Tells why an organization could not be read: what is wrong, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OrganizationError {
    /// A part is unknown, missing or of another kind.
    #[error("the organization cannot be read at `{path}`: {problem}")]
    Malformed {
        /// The part's path.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A part names something that is not there, or is there twice.
    #[error("the organization is not whole at `{path}`: {problem}")]
    NotWhole {
        /// The part's path.
        path: String,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// A policy's text cannot be read.
    #[error("the policy `{id}` of the organization cannot be read, at `policies[{index}].content`")]
    Policy {
        /// Which of the policies it is.
        index: usize,
        /// Its id.
        id: String,
        /// What is wrong with it.
        source: PolicyError,
    },
}

impl OrganizationError {
    pub(super) fn malformed(path: &str, error: &serde_json::Error) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            problem: error.to_string(),
        }
    }

    pub(super) fn policy(index: usize, id: &str, source: PolicyError) -> Self {
        let id = shortened(id);
        Self::Policy { index, id, source }
    }

    pub(super) fn no_such_policy(id: &str) -> Self {
        Self::not_whole("policies", format!("there is no policy `{}`", shortened(id)))
    }

    pub(super) fn unknown_policy(path: &str, id: &str) -> Self {
        let id = shortened(id);
        Self::not_whole(
            path,
            format!("`{id}` is attached, but is not among the policies; add what DescribePolicy answers of it"),
        )
    }

    pub(super) fn no_such_parent(path: &str, parent: &str) -> Self {
        let parent = shortened(parent);
        Self::not_whole(
            &format!("{path}.parent"),
            format!("`{parent}` is neither the root nor one of the units; ListParents names the parent"),
        )
    }

    pub(super) fn circle(index: usize, id: &str) -> Self {
        let id = shortened(id);
        Self::not_whole(
            &format!("units[{index}].parent"),
            format!("the parents of `{id}` go round in a circle and never reach the root"),
        )
    }

    pub(super) fn twice(path: &str, id: &str) -> Self {
        Self::not_whole(path, format!("`{}` is there twice", shortened(id)))
    }

    pub(super) fn nothing_attached(path: &str, name: &str) -> Self {
        let name = shortened(name);
        Self::not_whole(
            &format!("{path}.policies"),
            format!(
                "no policy is attached to `{name}`, which AWS does not allow while policies are enabled; \
                 list what ListPoliciesForTarget answers of it"
            ),
        )
    }

    fn not_whole(path: &str, problem: String) -> Self {
        let path = path.to_owned();
        Self::NotWhole { path, problem }
    }
}

pub(super) fn supported(version: u32) -> Result<(), OrganizationError> {
    if version == 1 {
        Ok(())
    } else {
        Err(OrganizationError::Malformed {
            path: "version".to_owned(),
            problem: format!("version {version} is not known; this program reads version 1"),
        })
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(128).collect()
}
