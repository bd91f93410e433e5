//! How `git`, the tools of containers and `kubectl` take their options, with those of their subcommands.

use super::spec::{Options, Spec, program, takes};

const NONE: Options = takes("", "");

/// `git`.
pub(super) const GIT: Spec =
    program(takes("Cc", "git-dir work-tree namespace super-prefix config-env attr-source list-cmds").plain(
        "bare exec-path glob-pathspecs help html-path icase-pathspecs info-path literal-pathspecs man-path \
                no-advice no-lazy-fetch no-optional-locks no-pager no-replace-objects noglob-pathspecs paginate \
                    version",
    ))
    .commands(&[
        (
            "add",
            NONE.plain(
                "all chmod dry-run edit force help ignore-errors ignore-missing ignore-removal \
        intent-to-add interactive \
        no-all no-ignore-removal patch pathspec-file-nul pathspec-from-file refresh renormalize sparse update \
            verbose",
            ),
        ),
        (
            "branch",
            takes(
                "u",
                "set-upstream-to contains no-contains points-at sort \
        format",
            )
            .varies("u")
            .partial()
            .plain(
                "all copy create-reflog \
        delete edit-description force ignore-case list move quiet remotes show-current track unset-upstream \
            verbose abbrev color column",
            ),
        ),
        (
            "checkout",
            takes("bB", "orphan conflict pathspec-from-file").plain(
                "detach force guess ignore-other-worktrees \
        ignore-skip-worktree-bits merge no-guess no-overlay no-progress no-recurse-submodules no-track ours \
        overlay patch \
        pathspec-file-nul progress quiet recurse-submodules theirs track overwrite-ignore",
            ),
        ),
        ("clean", takes("e", "exclude").plain("dry-run force interactive quiet")),
        (
            "clone",
            takes(
                "bcjou",
                "branch bundle-uri config depth filter jobs origin reference reference-if-able revision \
        ref-format separate-git-dir server-option shallow-exclude shallow-since template \
        upload-pack",
            )
            .plain(
                "also-filter-submodules bare \
        dissociate hardlinks ipv4 ipv6 local mirror no-checkout no-hardlinks no-local no-reject-shallow \
        no-remote-submodules \
        no-shallow-submodules no-single-branch no-tags progress quiet recurse-submodules recursive reject-shallow \
        remote-submodules shallow-submodules shared single-branch sparse tags verbose",
            ),
        ),
        (
            "commit",
            takes(
                "CcFmt",
                "author cleanup date file fixup message pathspec-from-file reedit-message \
        reuse-message squash \
        template trailer",
            )
            .attached("Su")
            .plain(
                "all allow-empty allow-empty-message amend branch dry-run edit \
        gpg-sign include interactive long \
        no-edit no-gpg-sign no-post-rewrite no-signoff no-status no-verify null only patch pathspec-file-nul \
        porcelain quiet \
        reset-author short signoff status untracked-files verbose verify",
            ),
        ),
        (
            "fetch pull",
            takes(
                "jo",
                "depth deepen filter jobs negotiation-tip refmap server-option shallow-exclude \
        shallow-since \
        upload-pack strategy strategy-option",
            )
            .varies("XsS")
            .plain(
                "all append atomic autostash commit dry-run \
        edit ff ff-only force ipv4 ipv6 keep \
        log multiple no-autostash no-commit no-edit no-ff no-log no-rebase no-recurse-submodules no-signoff \
        no-squash no-stat no-tags \
        no-verify porcelain prefetch progress prune prune-tags quiet rebase recurse-submodules set-upstream \
        signoff squash stat tags \
        unshallow update-head-ok verbose verify verify-signatures write-commit-graph write-fetch-head",
            )
            .varies("XsS"),
        ),
        (
            "merge",
            takes(
                "FXms",
                "cleanup file into-name message strategy \
        strategy-option",
            )
            .attached("S")
            .plain(
                "abort allow-unrelated-histories \
        autostash commit continue edit ff ff-only gpg-sign log no-autostash no-commit no-edit no-ff no-gpg-sign \
        no-log no-rerere-autoupdate \
        no-signoff no-squash no-stat no-verify overwrite-ignore progress quiet quit rerere-autoupdate signoff \
        squash stat \
        verbose verify verify-signatures",
            ),
        ),
        (
            "push",
            takes("o", "exec push-option receive-pack repo").plain(
                "all atomic branches delete dry-run \
        follow-tags force force-if-includes \
        force-with-lease ipv4 ipv6 mirror no-atomic no-follow-tags no-force-with-lease no-recurse-submodules \
        no-signed no-thin no-verify \
        porcelain progress prune quiet recurse-submodules set-upstream signed tags thin verbose verify",
            ),
        ),
        (
            "reset",
            takes("", "pathspec-from-file").attached("U").plain(
                "hard intent-to-add keep merge mixed \
        no-recurse-submodules no-refresh patch pathspec-file-nul \
        quiet recurse-submodules refresh soft",
            ),
        ),
        (
            "restore",
            takes("s", "conflict pathspec-from-file source").plain(
                "ignore-skip-worktree-bits \
        ignore-unmerged merge no-overlay ours overlay patch \
        pathspec-file-nul progress quiet staged theirs worktree",
            ),
        ),
        (
            "rm",
            takes("", "pathspec-from-file").plain(
                "cached dry-run force ignore-unmatch pathspec-file-nul quiet \
        sparse",
            ),
        ),
        (
            "status",
            NONE.attached("uM").plain(
                "ahead-behind branch column find-renames ignore-submodules ignored \
        long no-ahead-behind no-column no-renames null porcelain \
        renames short show-stash untracked-files verbose",
            ),
        ),
        (
            "switch",
            takes("cC", "conflict create force-create orphan").plain(
                "detach discard-changes force guess \
        ignore-other-worktrees merge no-guess \
        no-progress no-track progress quiet recurse-submodules track",
            ),
        ),
    ]);

/// `docker` and `podman`.
pub(super) const DOCKER: Spec = program(
    takes(
        "cHl",
        "config context host log-level tlscacert tlscert tlskey connection url root runroot \
        storage-driver storage-opt identity",
    )
    .plain("debug help tls tlsverify version remote"),
)
.exact()
.commands(&[
    ("run create", DOCKER_RUN),
    (
        "exec",
        takes("euw", "detach-keys env env-file user workdir").plain("detach help interactive privileged tty").stops(1),
    ),
    (
        "rm rmi start stop pull push kill images logs ps",
        takes("nfst", "filter format signal time timeout tail since until last platform")
            .varies("nfst")
            .plain("all force volumes quiet help link no-trunc latest size follow timestamps no-prune all-tags"),
    ),
]);

const DOCKER_RUN: Options = takes(
    "acehlmpuvw",
    "add-host annotation attach blkio-weight blkio-weight-device cap-add cap-drop cgroup-parent cgroupns \
        cidfile cpu-period \
     cpu-quota cpu-rt-period cpu-rt-runtime cpu-shares cpus cpuset-cpus cpuset-mems detach-keys device \
     device-cgroup-rule \
     device-read-bps device-read-iops device-write-bps device-write-iops dns dns-option dns-search domainname \
     entrypoint env \
     env-file expose gpus group-add health-cmd health-interval health-retries health-start-period \
     health-start-interval \
     health-timeout hostname ip ip6 ipc isolation kernel-memory label label-file link link-local-ip log-driver \
     log-opt \
     mac-address memory memory-reservation memory-swap memory-swappiness mount name network net network-alias \
     net-alias \
     oom-score-adj pid pids-limit platform publish pull restart runtime security-opt shm-size stop-signal \
     stop-timeout \
     storage-opt sysctl tmpfs ulimit user userns uts volume volume-driver volumes-from workdir",
)
.plain(
    "detach disable-content-trust help init interactive no-healthcheck oom-kill-disable privileged \
    publish-all quiet read-only \
        rm sig-proxy tty use-api-socket",
)
.open()
.stops(1);

/// `kubectl`.
pub(super) const KUBECTL: Spec = program(
    takes(
        "ns",
        "as as-group as-uid as-user-extra cache-dir certificate-authority client-certificate client-key cluster \
        context kubeconfig \
     kuberc log-flush-frequency namespace password profile profile-output request-timeout server tls-server-name \
     token user \
     username v vmodule",
    )
    .varies("v")
    .plain("disable-compression help insecure-skip-tls-verify match-server-version warnings-as-errors"),
)
.exact()
.commands(&[
    (
        "apply create delete replace",
        takes(
            "fklno",
            "filename kustomize selector namespace output field-manager \
            field-selector grace-period timeout template raw prune-allowlist context cluster user kubeconfig server",
        )
        .varies("s")
        .partial()
        .plain(
            "all all-namespaces cascade dry-run force ignore-not-found now prune recursive server-side \
                validate wait force-conflicts overwrite",
        ),
    ),
    (
        "get describe",
        takes(
            "flnoL",
            "filename selector namespace output field-selector label-columns \
            sort-by template raw chunk-size \
            subresource context cluster user kubeconfig",
        )
        .varies("sk")
        .partial()
        .plain(
            "all-namespaces \
                show-labels watch watch-only no-headers recursive ignore-not-found show-kind",
        ),
    ),
    (
        "exec",
        takes(
            "cfn",
            "container filename namespace pod-running-timeout context cluster user \
            kubeconfig",
        )
        .varies("s")
        .plain("stdin tty quiet"),
    ),
])
.inherits();
