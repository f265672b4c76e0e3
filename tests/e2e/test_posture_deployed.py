"""What this repository deploys for people who have no evidence yet is what its own controls ask for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.emulator.emulator import INFRA, REPOSITORY, host_architecture

from .command import build_folder
from .deployment import OSAKA, Deployment
from .looking import COMPLIANT, LOGGING
from .records import HOME

# Nobody was here before.
SYDNEY = "ap-southeast-2"
ENDPOINTS = ("vpc-endpoint-present", "vpc-endpoint-restricted")


def test_what_is_deployed_is_compliant(looking: Deployment, tmp_path: Path) -> None:
    """infra/invocation-logging.yaml and infra/vpc-endpoint.yaml, as they are, satisfy a policy that asks for all."""
    executable, archive = build_folder() / "turn-on-logging", tmp_path / "turn-on-logging.zip"
    assert executable.exists(), f"{executable} is missing; run `make build` first"
    command = [sys.executable, str(REPOSITORY / "scripts" / "zip-function"), str(executable), str(archive)]
    subprocess.run(command, check=True)
    looked = looking.glance(*LOGGING, *ENDPOINTS, regions=[SYDNEY]).at(SYDNEY)
    before = [control for control, assessed in looked.items() if assessed["decision"] != COMPLIANT]
    assert before == [LOGGING[0], ENDPOINTS[0]], "neither logs nor a private way"

    looking.aws.deploy(
        INFRA / "invocation-logging.yaml",
        {"Architecture": host_architecture()},
        code={"turn-on-logging": archive},
        stack="crisguard-invocation-logging",
        region=SYDNEY,
    )
    ec2 = looking.aws.client("ec2", SYDNEY)
    network = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=network, CidrBlock="10.2.1.0/24")["Subnet"]["SubnetId"]
    place = {"VpcId": network, "VpcCidr": "10.2.0.0/16", "SubnetIds": subnet, "ModelRegions": f"{HOME},{OSAKA}"}
    looking.aws.deploy(INFRA / "vpc-endpoint.yaml", place, stack="crisguard-vpc-endpoint", region=SYDNEY)

    looked = looking.glance(*LOGGING, *ENDPOINTS, regions=[SYDNEY]).at(SYDNEY)
    assert {control: assessed["reason"]["kind"] for control, assessed in looked.items()} == dict.fromkeys(
        (*LOGGING, *ENDPOINTS), "as_asked"
    )
