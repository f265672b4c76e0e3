"""The code of a function that makes the calls it is told to, as its own role.

Invoke it with `{"calls": [[service, Region, operation, arguments], …]}`; the answer has an error
code, or an empty text, for each. It runs with the interpreter of the tests, which has boto3.
"""

from __future__ import annotations

import sys

PROBE = f"""#!{sys.executable}
import json, os, urllib.request
import boto3, botocore.config, botocore.exceptions

def made(service, region, operation, arguments):
    config = botocore.config.Config(retries={{"max_attempts": 1}}, s3={{"addressing_style": "path"}})
    try:
        getattr(boto3.client(service, region_name=region, config=config), operation)(**arguments)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return ""

api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as event:
        request, body = event.headers["Lambda-Runtime-Aws-Request-Id"], json.load(event)
    answer = {{"batchItemFailures": []}}
    if "calls" in body:
        answer = [made(*call) for call in body["calls"]]
    urllib.request.urlopen(api + request + "/response", json.dumps(answer).encode()).close()
"""
