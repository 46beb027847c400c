"""The column *detect* of the scenarios: for each a log with the bad behaviour, and its twin, which
differs in one thing.

`Row.before` is in both logs. `bad` and `twin` are what differs. What `cited` wraps is the evidence
that the finding of the row's rule must have, all of it and nothing else.
"""
import dataclasses

from logs import (BOTO, BROWSER, CLI, GO, after, cloudtrail, console_login, decided, federated,
                  github, issued, key_of, kubernetes, ocsf_call, okta, refused, role, saml, session,
                  user, vault, workflow, workspace_token)


@dataclasses.dataclass(frozen=True)
class cited:  # pylint: disable=invalid-name
    record: dict


@dataclasses.dataclass(frozen=True)
class Row:
    id: str
    source: str  # what reads the log
    rule: str
    bad: list
    twin: list
    before: list = dataclasses.field(default_factory=list)
    also: tuple = ()  # other rules that the same behaviour breaks


READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
DESK, OFFICE, ELSEWHERE, ROAD = "198.51.100.7", "198.51.100.9", "203.0.113.50", "192.0.2.77"


def spread(count, make, **step):
    """`count` records, each a step after the one before it."""
    return [make(after(**{unit: value * i for unit, value in step.items()}), i)
            for i in range(count)]


def cite_all(records):
    return [cited(record) for record in records]


def bt1():
    def publish(agent, source, token):
        return [github(after(minutes=10 * i), "packages.package_version_published", "release-bot",
                       programmatic_access_type="Personal access token (classic)",
                       hashed_token=key_of(token)[:44], user_agent=agent, actor_ip=source,
                       package=f"acme/{agent[:4]}") for i in range(4)]

    sign = publish("goreleaser/2.1.0", DESK, "sign")
    return Row("BT1", "GitHub audit", "lasting_key_shared",
               cite_all(sign + publish("helm/3.15.2", ELSEWHERE, "sign")),
               sign + publish("helm/3.15.2", ELSEWHERE, "charts"))


def bt2():
    files, broker = "https://files.acme.example", "service:broker"

    def own(identifier):
        return decided(after(minutes=2), broker, broker, files, "read", identifier, token="own")

    def ask(identifier, how, **more):
        return how(after(minutes=1), broker, "human:ines@acme.example", files, "read", identifier,
                   delegations=["plan-week"], **more)

    return Row("BT2", "journal", "broker_beyond_caller",
               [cited(ask("payroll/2026", refused)), cited(own("payroll/2026"))],
               [ask("payroll/2026", refused), own("rota/2026")])


def bt3():
    def consent(scope):
        return workspace_token(after(hours=1), "authorize", "ines@acme.example",
                               "vendor.apps.googleusercontent.com", scopes=[scope])

    return Row("BT3", "Google", "consent_over_broad", [cited(consent("https://mail.google.com/"))],
               [consent("https://www.googleapis.com/auth/userinfo.email")])


def bt4():
    def pods(orders):
        return [kubernetes(after(minutes=i), account, pod, address, pod)
                for i in range(3)
                for account, pod, address in (("shop/web", "web-7998647bdf-phvq7", "10.0.1.4"),
                                              (orders, "orders-6d4cf56db6-x2kzm", "10.0.2.9"))]

    return Row("BT4", "Kubernetes audit", "workload_identity_shared", cite_all(pods("shop/web")),
               pods("shop/orders"))


def bt5():
    runner = session("runner", "run-17", "ASIARUN17")
    deploy = session("deploy", "run-17", "ASIADEP")
    chain = [
        cloudtrail(after(minutes=0), "sts", "AssumeRoleWithWebIdentity",
                   federated("repo:acme/web:ref:refs/heads/main"), DESK, BOTO,
                   **issued("ASIARUN17", "runner", "run-17")),
        cloudtrail(after(minutes=1), "iam", "AttachRolePolicy", runner, DESK, BOTO,
                   errorCode="AccessDenied"),
        cloudtrail(after(minutes=2), "sts", "AssumeRole", runner, DESK, BOTO,
                   **issued("ASIADEP", "deploy", "run-17"))]

    def last(service, action, request):
        return cloudtrail(after(minutes=3), service, action, deploy, DESK, BOTO, request)

    change = last("iam", "AttachRolePolicy",
                  {"roleName": "web", "policyArn": READ_ONLY})
    return Row("BT5", "CloudTrail", "chain_gains_privilege", cite_all(chain + [change]),
               chain + [last("ecs", "UpdateService", {"service": "web", "cluster": "prod"})])


def ti1():
    deploy = session("deploy", "run-18", "ASIADEP18")

    def calls(source, agent):
        return [cloudtrail(after(minutes=5 * i), "ecs", "UpdateService", deploy, source, agent,
                           {"service": f"web-{i}"}) for i in range(4)]

    return Row("TI1", "CloudTrail", "session_two_contexts",
               cite_all(calls(DESK, BOTO) + calls(ELSEWHERE, GO)),
               calls(DESK, BOTO) + calls(OFFICE, GO))


def ti2():
    crm = "https://crm.acme.example"

    def use(how, **more):
        return how(after(minutes=4), "agent:helpdesk", "service:crm-batch", crm, "export",
                   "accounts/all", **more)

    return Row("TI2", "journal", "agent_beyond_task",
               [cited(use(refused, answered="permit", enforcement="shadow"))], [use(decided)],
               also=("permitted_in_shadow",))


def ti3():
    def present(minutes, source, agent, assertion):
        return cloudtrail(after(minutes=minutes), "sts", "AssumeRoleWithSAML",
                          saml("ines@acme.example"), source, agent,
                          answer={"credentials": {"accessKeyId": f"ASIA{key_of(source)[:12]}"}},
                          request={"sAMLAssertionID": assertion, "roleArn": role("crm-read"),
                                   "roleSessionName": "ines@acme.example",
                                   "principalArn": "arn:aws:iam::111122223333:saml-provider/idp"})

    first = present(0, DESK, BROWSER, "_a1c0f00d")
    return Row("TI3", "CloudTrail (SAML)", "assertion_presented_twice",
               cite_all([first, present(3, ELSEWHERE, BOTO, "_a1c0f00d")]),
               [first, present(3, ELSEWHERE, BOTO, "_b2d1beef")])


def ti4():
    def calls(second):
        return [kubernetes(after(minutes=i), "shop/web", "web-0", address, "web-0")
                for i, address in enumerate(("10.0.1.4", "10.0.1.4", second))]

    return Row("TI4", "Kubernetes audit", "workload_token_elsewhere", cite_all(calls("10.0.9.40")),
               calls("10.0.1.4"))


def ti5():
    def reads(path_of):
        return [vault(after(minutes=i), path_of(job), f"kubernetes-ci-{job}", job, f"10.0.3.{i}")
                for i, job in enumerate(("invoice", "refund", "report", "mail"))]

    return Row("TI5", "Vault audit", "secret_of_many",
               cite_all(reads(lambda job: "secret/data/payments/api-key")),
               reads(lambda job: f"secret/data/payments/{job}/api-key"))


def bc1():
    person = user("ines", "ASIACONSOLE1", mfa=True)
    by_hand = [console_login(after(minutes=0), user("ines"), DESK)] + [
        cloudtrail(after(minutes=2 + i), "ecs", "ListServices", person, DESK, BROWSER,
                   sessionCredentialFromConsole="true") for i in range(3)]

    def driven(who, **more):
        return [cloudtrail(after(minutes=20 + i), "ecs", "UpdateService", who, DESK, BOTO,
                           {"service": f"web-{i}"}, **more) for i in range(12)]

    return Row("BC1", "CloudTrail", "session_driven_by_software",
               cite_all(driven(person, sessionCredentialFromConsole="true")),
               driven(session("assistant", "ines-assistant", "ASIAASSIST")), before=by_hand)


def bc2():
    def nightly(who):
        return spread(8, lambda when, i: vault(when, "secret/data/vpn/gateway", who, who, DESK),
                      days=1)

    return Row("BC2", "Vault audit", "personal_credential_scheduled",
               cite_all(nightly("oidc-ines@acme.example")), nightly("approle-nightly"))


def bc3():
    desk = "servicedesk@acme.example"
    by_hand = [okta(after(days=day, hours=hour), "user.authentication.sso", desk, DESK, BROWSER,
                    session_id=f"102{day}") for day in range(4) for hour in (1, 4)]

    def bot(actor):
        return spread(14, lambda when, i: okta(when, "app.oauth2.token.grant.access_token", actor,
                                               ELSEWHERE, "python-requests/2.31.0"), hours=3)

    shown = [okta(after(minutes=1), "user.session.start", desk, DESK, BROWSER, session_id="1020"),
             okta(after(minutes=2), "user.authentication.auth_via_mfa", desk, DESK, BROWSER,
                  session_id="1020")]
    return Row("BC3", "Okta", "account_two_behaviours",
               cite_all(shown + by_hand + bot(desk)), shown + by_hand + bot("bot@acme.example"))


def bc4():
    admin = user("duty-admin", "AKIADUTYADMIN")
    emergency = [
        console_login(after(minutes=0), user("duty-admin"), DESK),
        cited(cloudtrail(after(minutes=9), "iam", "PutRolePolicy", admin, DESK, CLI,
                         {"roleName": "web", "policyName": "repair"}))]

    def script(who):
        return spread(10, lambda when, i: cloudtrail(
            when, "ec2", "DescribeInstances", who, ELSEWHERE, CLI, readOnly=True), hours=12)

    return Row("BC4", "CloudTrail", "admin_left_to_automation",
               emergency + cite_all(script(admin)),
               emergency + script(session("housekeeping", "cron", "ASIACRON")),
               also=("personal_credential_scheduled",))


def td1():
    sync = session("sync", "nightly", "ASIASYNC")
    start = cloudtrail(after(minutes=0), "sts", "AssumeRoleWithWebIdentity",
                       federated("system:serviceaccount:data:sync", "oidc.acme.example"),
                       DESK, BOTO,
                       **issued("ASIASYNC", "sync", "nightly", until=after(minutes=15)))

    def put(minutes, **more):
        return cloudtrail(after(minutes=minutes), "dynamodb", "PutItem", sync, DESK, BOTO,
                          {"tableName": "orders"}, **more)

    return Row("TD1", "CloudTrail", "session_past_its_end",
               [cited(start), put(4), cited(put(55, errorCode="ExpiredTokenException"))],
               [start, put(4), put(14)])


def td2():
    helper, owner = "helpdesk@acme.example", "ines@acme.example"
    reset = okta(after(minutes=0), "user.mfa.factor.reset_all", helper, DESK, BROWSER, target=owner)
    login = okta(after(minutes=6), "user.session.start", owner, ELSEWHERE, BROWSER, session_id="9")
    grant = okta(after(minutes=30), "user.account.privilege.grant", owner, ELSEWHERE, BROWSER,
                 target=owner, privilegeGranted="Help desk administrator", session_id="9")
    step_up = okta(after(minutes=7), "user.authentication.auth_via_mfa", owner, ELSEWHERE, BROWSER,
                   session_id="9", target=owner)
    return Row("TD2", "Okta", "recovery_then_right", cite_all([reset, login, grant]),
               [reset, login, step_up, grant])


def td3():
    start = workflow(after(minutes=0), "created_workflow_run", "payout", "r1", actor="ines")

    def approve(actor):
        return workflow(after(minutes=3), "approve_workflow_job", "payout", "r1", actor=actor)

    return Row("TD3", "GitHub audit", "approved_by_its_starter",
               cite_all([start, approve("ines")]), [start, approve("kim")])


def stages(revision, day, hour=2, built=True, minutes=20):
    build = [workflow(after(days=day, hours=hour), "created_workflow_run", "build", revision),
             workflow(after(days=day, hours=hour, minutes=9), "completed_workflow_run", "build",
                      revision, conclusion="success" if built else "failure")]
    return build, workflow(after(days=day, hours=hour, minutes=minutes), "created_workflow_run",
                           "deploy", revision)


def td4():
    habit = [record for day in range(6) for build, deploy in [stages(f"r{day}", day)]
             for record in [*build, deploy]]
    failed, deploy = stages("r9", 7, built=False)
    passed, _ = stages("r9", 7)
    return Row("TD4", "GitHub audit", "stage_without_predecessor", [*failed, cited(deploy)],
               [*passed, deploy], before=habit)


def td5():
    tools, agent = "https://tools.acme.example", "agent:triage"

    def decision(minutes, action):
        return decided(after(minutes=minutes), agent, "human:ines@acme.example", tools, action,
                       "queue/eu/17", token="jti-17")

    def call(minutes, action):
        return ocsf_call(after(minutes=minutes, seconds=1), agent, "jti-17", tools, action, "17")

    known = [decision(0, "read"), call(0, "read"), decision(9, "comment"), call(9, "comment")]
    return Row("TD5", "journal, MCP gateway", "call_without_decision", [cited(call(5, "close"))],
               [decision(5, "close"), call(5, "close")], before=known)


def dn1():
    habit = [record for day in range(12) for build, deploy in [stages(f"r{day}", day, 1 + day % 5)]
             for record in [*build, deploy]]
    build, night = stages("r20", 14, hour=18)
    built, noon = stages("r20", 14, hour=3)
    return Row("DN1", "GitHub audit", "run_outside_hours", [*build, cited(night)], [*built, noon],
               before=habit)


def dn2():
    ops, agent = "https://ops.acme.example", "agent:remedy"

    def act(when, action, i):
        return decided(when, agent, "human:kim@acme.example", ops, action, f"host/{i}")

    habit = spread(14, lambda when, i: act(when, "read", i), hours=12) + \
        spread(14, lambda when, i: act(when, "restart", i), hours=13)
    return Row("DN2", "journal", "path_never_seen", [cited(act(after(days=9), "drain", 3))],
               [act(after(days=9), "restart", 3)], before=habit)


def dn3():
    def sync(age):
        return spread(3, lambda when, i: vault(when, "crm/creds/sync", "approle-crm-sync", "sync",
                                               ELSEWHERE, issued_at=after(days=-age),
                                               mount="database"), hours=7)

    return Row("DN3", "Vault", "credential_past_rotation", cite_all(sync(400)), sync(20))


def dn4():
    app, people = "files.apps.googleusercontent.com", ["ann", "ben", "cleo", "dora"]

    def consent(i, person):
        return workspace_token(after(hours=i), "authorize", f"{person}@acme.example", app,
                               scopes=["https://www.googleapis.com/auth/userinfo.email"])

    def act(i, person):
        return workspace_token(after(hours=i, minutes=30), "activity", f"{person}@acme.example",
                               app)

    known = [record for i, person in enumerate(people)
             for record in (consent(i, person), act(i, person))]
    return Row("DN4", "Google", "acts_without_consent", [cited(act(9, "emil"))],
               [consent(9, "emil"), act(9, "emil")], before=known)


def dn5():
    ben = user("ben", "AKIABEN")
    start = cloudtrail(after(minutes=0), "sts", "GetSessionToken", ben, DESK, CLI,
                       **issued("ASIABEN1"))
    end = cited(cloudtrail(after(hours=2), "iam", "DeleteUser", user("ines", "AKIAINES"), DESK, CLI,
                           {"userName": "ben"}))

    def use(hours):
        return cloudtrail(after(hours=hours), "s3", "ListBuckets", user("ben", "ASIABEN1"), ROAD,
                          GO)

    return Row("DN5", "CloudTrail", "used_after_end", [start, end, cited(use(5))],
               [start, end, use(1)])


ROWS = [make() for make in (bt1, bt2, bt3, bt4, bt5, ti1, ti2, ti3, ti4, ti5, bc1, bc2, bc3, bc4,
                            td1, td2, td3, td4, td5, dn1, dn2, dn3, dn4, dn5)]
