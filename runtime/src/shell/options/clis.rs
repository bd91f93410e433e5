//! How command line tools with subcommands, and other tools of developers, take their options; sorted by name.
//!
//! What stands before the subcommand matters most: `git -C dir push` is a push. Of a subcommand that has no row
//! nothing is known, and its options count as given wherever they seem to be.

use super::spec::{Options, Spec, program, takes};
use super::subcommands::{DOCKER, GIT, KUBECTL};

const NONE: Options = takes("", "");

/// `apt-get`, `apt`.
const APT: Spec =
    program(takes("coat", "config-file option host-architecture target-release default-release").varies("aj").plain(
        "assume-no assume-yes allow-downgrades allow-unauthenticated auto-remove autoremove download-only \
        dry-run fix-broken \
            fix-missing help ignore-missing no-install-recommends no-remove no-upgrade only-upgrade purge quiet \
            recon reinstall \
            show-upgraded simulate trivial-only verbose-versions version yes",
    ))
    .exact()
    .commands(&[])
    .inherits();

/// C compilers.
const CC: Spec = program(takes("", "").partial()).words();

const CURL: Spec = program(
    takes(
        "AbcCdDeEFHKmoPQrtTuUwxXyYz",
        "abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout \
            connect-to \
         continue-at cookie cookie-jar create-file-mode crlfile curves data data-ascii data-binary data-raw \
         data-urlencode \
         delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url ech egd-file engine \
         etag-compare etag-save \
         expect100-timeout form form-string ftp-account ftp-alternative-to-user ftp-method ftp-port ftp-ssl-ccc-mode \
         happy-eyeballs-timeout-ms haproxy-clientip header hostpubmd5 hostpubsha256 hsts interface ip-tos \
         ipfs-gateway \
         json keepalive-time keepalive-cnt key key-type krb libcurl limit-rate local-port login-options \
         mail-auth mail-from mail-rcpt \
         max-filesize max-redirs max-time netrc-file noproxy oauth2-bearer output output-dir parallel-max pass \
         pinnedpubkey \
         preproxy proto proto-default proto-redir proxy proxy-cacert proxy-capath proxy-cert proxy-cert-type \
         proxy-ciphers \
         proxy-crlfile proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name \
         proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword proxy-tlsuser proxy-user proxy1.0 pubkey quote \
         random-file \
         range rate referer request request-target resolve retry retry-delay retry-max-time sasl-authzid \
         service-name socks4 \
         socks4a socks5 socks5-gssapi-service socks5-hostname speed-limit speed-time stderr telnet-option \
         tftp-blksize \
         time-cond tls-max tls13-ciphers tlsauthtype tlspassword tlsuser trace trace-ascii trace-config unix-socket \
         upload-file upload-flags url url-query user user-agent variable vlan-priority write-out",
    )
    .varies("h")
    .plain(
        "anyauth append basic ca-native cert-status compressed create-dirs crlf digest disable fail \
        fail-early fail-with-body \
            get globoff head help http1.0 http1.1 http2 http3 include insecure ipv4 ipv6 location \
            location-trusted manual netrc \
            next no-buffer no-clobber no-progress-meter no-sessionid parallel path-as-is post301 progress-bar \
            proxytunnel \
            raw remote-header-name remote-name remote-name-all remove-on-error remote-time retry-all-errors \
            retry-connrefused show-error show-headers silent skip-existing ssl ssl-reqd sslv2 styled-output \
            tcp-fastopen \
            tcp-nodelay tlsv1 tlsv1.2 tlsv1.3 tr-encoding trace-time use-ascii verbose version xattr",
    ),
);

/// `helm`: flags of all commands may stand anywhere.
const HELM: Spec = program(
    takes(
        "n",
        "burst-limit kube-apiserver kube-as-group kube-as-user kube-ca-file \
    kube-context \
        kube-tls-server-name kube-token kubeconfig namespace qps registry-config repository-cache \
            repository-config content-cache color",
    )
    .plain("debug help kube-insecure-skip-tls-verify"),
)
.exact()
.commands(&[])
.inherits();

/// Tools on Go's `flag` package: one dash and two are the same.
const TERRAFORM: Spec = program(takes("", "chdir").plain("help version")).words().commands(&[(
    "apply destroy plan refresh import",
    takes(
        "",
        "backup lock-timeout out parallelism state state-out target \
        var var-file replace generate-config-out config provider exclude",
    )
    .plain(
        "auto-approve compact-warnings destroy detailed-exitcode input json lock no-color refresh \
            refresh-only show-sensitive",
    ),
)]);

const SSH: Spec = program(takes("BbcDEeFIiJLlmOoPpQRSWw", "").stops(2));

const NPM: Spec = program(
    takes(
        "Cw",
        "audit-level cache cafile cert depth editor fetch-retries fetch-timeout \
    globalconfig https-proxy \
        init-author-name key loglevel node-options noproxy omit otp prefix proxy registry scope script-shell \
        shell tag \
        userconfig user-agent viewer workspace install-strategy include before access call package only",
    )
    .varies("cpo")
    .partial()
    .plain(
        "all audit dry-run force foreground-scripts fund global help if-present ignore-scripts json \
        legacy-peer-deps long \
            offline package-lock package-lock-only parseable prefer-offline production save save-dev save-exact \
            save-optional save-peer save-prod strict-peer-deps unicode verbose version workspaces yes silent quiet",
    ),
)
.commands(&[])
.inherits();

const PSQL: Spec = program(
    takes(
        "cdfFhLoPpRTUv",
        "command csv-field-sep dbname field-separator file host \
    log-file output port pset \
        record-separator set table-attr username variable",
    )
    .plain(
        "csv echo-all echo-errors echo-hidden echo-queries expanded field-separator-zero help html list \
        no-align no-password \
            no-psqlrc no-readline password quiet record-separator-zero single-line single-step \
                single-transaction tuples-only version",
    ),
);

const MYSQL: Spec = program(
    takes(
        "DeEhPSu",
        "bind-address character-sets-dir connect-timeout database \
    default-auth default-character-set \
        defaults-extra-file defaults-file defaults-group-suffix delimiter execute host init-command login-path \
        max-allowed-packet \
        net-buffer-length plugin-dir port prompt protocol select-limit server-public-key-path socket ssl-ca \
        ssl-capath ssl-cert \
        ssl-cipher ssl-crl ssl-crlpath ssl-key ssl-mode tls-ciphersuites tls-version tee user",
    )
    .varies("EVT")
    .attached("p#")
    .partial(),
);

/// Shells: what follows the options is for the script.
const SHELL: Spec = program(
    takes("oO", "init-file rcfile")
        .plain(
            "debugger dump-po-strings dump-strings help login noediting noprofile norc posix pretty-print \
        restricted verbose version",
        )
        .stops(1),
);

/// The Kafka tools and others whose options are full words after two dashes.
const JOPT: Spec = program(
    takes(
        "",
        "bootstrap-server broker-list topic group partitions replication-factor \
    zookeeper \
        command-config config delete-config add-config entity-name entity-type property producer.config \
        consumer.config \
        consumer-property producer-property from-file offset-json-file reset-offsets to-datetime to-offset \
        by-duration \
        shift-by reassignment-json-file topics-to-move-json-file timeout timeout-ms max-messages partition \
            offset formatter",
    )
    .partial(),
);

/// Python packagers.
const PIP: Spec = program(
    takes(
        "",
        "cache-dir cert client-cert exists-action keyring-provider log proxy python \
    retries timeout trusted-host use-deprecated \
        use-feature",
    )
    .plain(
        "debug disable-pip-version-check help isolated no-cache-dir no-color no-input \
        no-python-version-warning \
        quiet require-virtualenv verbose version",
    ),
)
.commands(&[
    (
        "install download wheel",
        takes(
            "cdefirtC",
            "abi build-option config-settings constraint dest editable \
            extra-index-url find-links global-option group implementation index-url no-binary only-binary \
            only-deps platform prefix \
            progress-bar python-version report requirement root root-user-action src target upgrade-strategy \
            wheel-dir \
            cache-dir cert client-cert exists-action log proxy python retries timeout trusted-host",
        )
        .varies("bw")
        .partial()
        .plain(
            "break-system-packages check-build-dependencies compile dry-run force-reinstall \
                ignore-installed ignore-requires-python no-build-isolation \
                    no-clean no-compile no-deps no-index no-warn-conflicts no-warn-script-location pre quiet \
                    require-hashes upgrade \
                    use-pep517 user verbose",
        ),
    ),
    ("uninstall", takes("r", "requirement root-user-action").plain("break-system-packages yes")),
]);

/// The programs.
pub(super) static PROGRAMS: &[(&str, Spec)] = &[
    (
        "ansible",
        program(
            takes(
                "abBefiklmMoPtTuU",
                "args background become-method become-user connection \
        extra-vars forks \
        inventory limit module-name module-path playbook-dir poll private-key tree timeout user vault-id \
            vault-password-file",
            )
            .varies("bkolM")
            .partial(),
        ),
    ),
    (
        "ansible-playbook",
        program(
            takes(
                "efilMTtu",
                "become-method become-user connection extra-vars forks \
        inventory limit \
        module-path private-key skip-tags start-at-task tags timeout user vault-id vault-password-file",
            )
            .partial(),
        ),
    ),
    ("apt", APT),
    ("apt-get", APT),
    (
        "aws",
        program(
            takes(
                "",
                "ca-bundle cli-connect-timeout cli-read-timeout cli-binary-format color \
        endpoint-url output profile query region",
            )
            .plain(
                "debug no-cli-auto-prompt no-cli-pager no-paginate no-sign-request no-verify-ssl version \
            cli-auto-prompt",
            ),
        )
        .commands(&[])
        .inherits(),
    ),
    (
        "az",
        program(takes("o", "output query subscription").plain(
            "debug help only-show-errors \
        verbose",
        ))
        .commands(&[])
        .inherits(),
    ),
    ("bash", SHELL),
    (
        "borg",
        program(
            takes(
                "",
                "debug-topic lock-wait log-json remote-path rsh umask upload-buffer \
        upload-ratelimit",
            )
            .varies("p")
            .partial(),
        )
        .commands(&[]),
    ),
    (
        "brew",
        program(takes("", "").partial())
            .commands(&[(
                "install uninstall upgrade update list info \
        search",
                NONE.partial(),
            )])
            .inherits(),
    ),
    ("bun", program(takes("", "").partial()).commands(&[])),
    (
        "cargo",
        program(takes("CZ", "color config explain").plain(
            "frozen help list locked offline quiet verbose \
        version",
        ))
        .exact()
        .commands(&[(
            "build b check c test t run r bench clippy doc d",
            takes(
                "FjpZ",
                "artifact-dir bench bin color config \
            example exclude features jobs \
            manifest-path message-format package profile target target-dir test",
            )
            .varies("C")
            .plain(
                "all all-features all-targets benches bins examples frozen help ignore-rust-version \
                keep-going lib locked no-default-features no-deps \
                    no-run offline open quiet release tests timings unit-graph verbose workspace fix",
            ),
        )])
        .inherits(),
    ),
    ("clang", CC),
    ("clang++", CC),
    ("consul", program(takes("", "").partial()).words().commands(&[])),
    ("curl", CURL),
    ("dash", SHELL),
    ("docker", DOCKER),
    ("g++", CC),
    ("gcc", CC),
    (
        "gcloud",
        program(
            takes(
                "",
                "account billing-project configuration flags-file flatten format \
        impersonate-service-account \
        project trace-token verbosity access-token-file filter limit page-size sort-by region \
            zone",
            )
            .plain("help log-http no-user-output-enabled quiet user-output-enabled"),
        )
        .commands(&[])
        .inherits(),
    ),
    (
        "gh",
        program(takes("R", "repo").plain("help version"))
            .exact()
            .commands(&[(
                "api",
                takes(
                    "fFHpqtX",
                    "cache field header hostname input jq method preview raw-field \
            template",
                )
                .plain("include paginate silent slurp verbose"),
            )])
            .inherits(),
    ),
    ("git", GIT),
    (
        "glab",
        program(takes("R", "repo").plain("help version"))
            .exact()
            .commands(&[(
                "api",
                takes("fFHX", "field header hostname input method raw-field output").partial().plain(
                    "include \
            paginate silent",
                ),
            )])
            .inherits(),
    ),
    (
        "go",
        program(takes("C", "")).words().commands(&[(
            "build test run install vet get list generate",
            takes(
                "",
                "C asmflags buildmode buildvcs compiler \
            count coverprofile cpu exec \
            fuzz fuzztime gccgoflags gcflags installsuffix ldflags mod modfile o outputdir overlay p parallel \
            pgo pkgdir run \
            skip tags timeout toolexec vettool bench benchtime blockprofile coverpkg covermode cpuprofile list \
                memprofile mutexprofile trace shuffle f",
            )
            .partial()
            .plain(
                "a asan benchmem cover failfast json linkshared modcacherw msan n race short trimpath u v \
                work x deps t m",
            ),
        )]),
    ),
    ("helm", HELM),
    ("heroku", program(takes("ar", "app remote team").plain("help version json").partial()).commands(&[]).inherits()),
    ("java", program(takes("", "").partial()).words()),
    ("javac", program(takes("", "").partial()).words()),
    (
        "journalctl",
        program(
            takes(
                "DFMSUcgnopt",
                "after-cursor case-sensitive cursor cursor-file directory \
        facility field file grep identifier \
        image image-policy interval machine namespace output output-fields priority root since unit until \
        user-unit vacuum-files vacuum-size \
        vacuum-time verify-key exclude-identifier",
            )
            .varies("nbuiTU")
            .plain(
                "all boot lines catalog disk-usage \
        dmesg flush follow force full header help list-boots list-catalog list-fields list-invocations \
        list-namespaces local merge no-full no-hostname no-pager no-tail \
        pager-end quiet relinquish-var reverse rotate setup-keys show-cursor smart-relinquish-var sync system \
            truncate-newline update-catalog user utc verify version dump-catalog",
            ),
        ),
    ),
    ("kafka-configs", JOPT),
    ("kafka-configs.sh", JOPT),
    ("kafka-console-consumer", JOPT),
    ("kafka-console-consumer.sh", JOPT),
    ("kafka-console-producer", JOPT),
    ("kafka-console-producer.sh", JOPT),
    ("kafka-consumer-groups", JOPT),
    ("kafka-consumer-groups.sh", JOPT),
    ("kafka-delete-records", JOPT),
    ("kafka-delete-records.sh", JOPT),
    ("kafka-topics", JOPT),
    ("kafka-topics.sh", JOPT),
    ("ksh", SHELL),
    ("kubectl", KUBECTL),
    (
        "make",
        program(
            takes(
                "CfIoWE",
                "assume-new assume-old directory eval file include-dir makefile new-file \
        old-file what-if",
            )
            .varies("jlO")
            .plain(
                "always-make check-symlink-times debug dry-run environment-overrides help ignore-errors jobs \
            just-print keep-going load-average \
                no-builtin-rules no-builtin-variables no-keep-going no-print-directory no-silent output-sync \
                print-data-base print-directory question \
                quiet recon silent stop touch trace version warn-undefined-variables",
            ),
        )
        .places("C directory"),
    ),
    ("mariadb", MYSQL),
    ("mysql", MYSQL),
    (
        "nats",
        program(
            takes(
                "s",
                "context creds nkey password server timeout tlsca tlscert tlskey user \
        inbox-prefix connection-name js-api-prefix \
        js-event-prefix js-domain token color",
            )
            .partial(),
        )
        .commands(&[]),
    ),
    (
        "node",
        program(
            takes(
                "er",
                "conditions env-file eval import input-type loader require \
        title",
            )
            .varies("pCi")
            .partial()
            .stops(1),
        )
        .exact(),
    ),
    ("nomad", program(takes("", "").partial()).words().commands(&[])),
    ("npm", NPM),
    ("openssl", program(takes("", "").partial()).words().no_dashes()),
    ("perl", program(takes("eE", "").attached("0CDFIMlmixV").plain("help version").varies("d").stops(1))),
    ("pip", PIP),
    (
        "pnpm",
        program(
            takes(
                "C",
                "dir filter reporter loglevel config.registry registry store-dir \
        virtual-store-dir filter-prod \
        changed-files-ignore-pattern",
            )
            .varies("Fcrw")
            .partial(),
        )
        .commands(&[])
        .inherits(),
    ),
    ("podman", DOCKER),
    ("psql", PSQL),
    (
        "python",
        program(
            takes("cmWXQ", "check-hash-based-pycs")
                .plain(
                    "help version help-env help-xoptions \
        help-all",
                )
                .stops(1),
        )
        .last("cm"),
    ),
    (
        "rabbitmqctl",
        program(
            takes(
                "nptl",
                "node timeout vhost longnames \
        script-name",
            )
            .varies("l")
            .partial(),
        )
        .commands(&[]),
    ),
    (
        "rclone",
        program(
            takes(
                "",
                "config log-file log-level transfers checkers bwlimit filter filter-from \
        include include-from exclude \
        exclude-from files-from max-age min-age max-size min-size max-depth backup-dir suffix rc-addr cache-dir \
        password-command \
        retries low-level-retries stats timeout user-agent",
            )
            .partial(),
        )
        .exact()
        .commands(&[])
        .inherits(),
    ),
    (
        "redis-cli",
        program(
            takes(
                "hpsanruditXD",
                "user pass askpass cacert cacertdir cert key sni tls-ciphers \
        tls-ciphersuites pattern count \
        quoted-pattern eval rdb functions-rdb pipe-timeout memkeys-samples lru-test intrinsic-latency \
            show-pushes cluster",
            )
            .varies("Xtxdi")
            .partial()
            .stops(1),
        )
        .exact(),
    ),
    (
        "restic",
        program(
            takes(
                "ropv",
                "cacert cache-dir compression key-hint limit-download limit-upload option \
        pack-size password-command \
        password-file repo repository-file retry-lock tls-client-cert host tag path keep-last keep-hourly \
            keep-daily keep-weekly keep-monthly keep-yearly \
            keep-within",
            )
            .varies("vp")
            .partial(),
        )
        .exact()
        .commands(&[])
        .inherits(),
    ),
    (
        "rsync",
        program(
            takes(
                "BefMT",
                "address backup-dir block-size bwlimit checksum-choice checksum-seed chmod \
        chown compare-dest compress-choice compress-level \
        contimeout copy-as copy-dest debug early-input exclude exclude-from files-from filter groupmap iconv \
        include include-from info link-dest log-file \
        log-file-format max-alloc max-delete max-size min-size modify-window only-write-batch out-format outbuf \
        partial-dir \
        password-file port protocol read-batch remote-option rsh rsync-path skip-compress sockopts stderr \
            stop-after stop-at suffix temp-dir timeout usermap write-batch",
            )
            .plain(
                "8-bit-output acls append append-verify archive atimes backup blocking-io checksum compress \
            copy-dirlinks copy-links copy-unsafe-links crtimes \
            cvs-exclude daemon delay-updates delete delete-after delete-before delete-delay delete-during \
            delete-excluded delete-missing-args \
            devices dirs dry-run executability existing fake-super force from0 fsync fuzzy group hard-links help \
            human-readable ignore-errors \
            ignore-existing ignore-missing-args ignore-times inplace ipv4 ipv6 itemize-changes keep-dirlinks \
            links list-only mkpath munge-links \
            no-implied-dirs no-motd numeric-ids old-args omit-dir-times omit-link-times one-file-system \
            open-noatime owner partial perms preallocate progress \
            prune-empty-dirs quiet recursive relative remove-source-files safe-links secluded-args size-only \
            sparse specials stats super \
            times trust-sender update verbose version whole-file write-devices xattrs",
            ),
        ),
    ),
    (
        "ruby",
        program(
            takes(
                "eIrCE",
                "encoding external-encoding \
        internal-encoding",
            )
            .attached("0FTWKixl")
            .varies("CEd")
            .partial()
            .stops(1),
        ),
    ),
    ("scp", program(takes("cDFiJloPSX", ""))),
    ("sftp", program(takes("BbcDFiJloPRSsX", "").varies("s"))),
    ("sh", SHELL),
    ("ssh", SSH),
    (
        "systemctl",
        program(
            takes(
                "CHMPnopst",
                "boot-loader-entry boot-loader-menu check-inhibitors host image \
        image-policy job-mode kill-value kill-whom kill-who legend lines \
        machine message output preset-mode property reboot-argument root signal state timestamp type what when \
            drop-in",
            )
            .plain(
                "after all before dry-run firmware-setup force full global help kill-subgroup mkdir \
            no-ask-password no-block no-legend no-pager no-reload no-wall \
            now plain quiet read-only recursive reverse runtime show-transaction show-types stdin system user \
                value version wait with-dependencies",
            )
            .varies("C"),
        )
        .commands(&[])
        .inherits(),
    ),
    ("terraform", TERRAFORM),
    ("tofu", TERRAFORM),
    ("vault", program(takes("", "").partial()).words().commands(&[])),
    (
        "velero",
        program(
            takes(
                "n",
                "kubeconfig kubecontext namespace features log_file v vmodule \
        stderrthreshold",
            )
            .partial(),
        )
        .exact()
        .commands(&[])
        .inherits(),
    ),
    (
        "wget",
        program(
            takes(
                "aABDeGIilOoPQRtTUwX",
                "accept accept-regex append-output base bind-address bind-dns-address \
            body-data body-file ca-certificate ca-directory \
            certificate certificate-type ciphers compression config connect-timeout crl-file cut-dirs \
            default-page directory-prefix \
            dns-servers dns-timeout domains egd-file exclude-directories exclude-domains execute follow-tags \
            ftp-password ftp-user header hsts-file \
            http-password http-user https-enforce ignore-tags include-directories input-file level limit-rate \
            load-cookies local-encoding max-redirect \
            method output-document output-file password pinnedpubkey post-data post-file prefer-family \
            private-key private-key-type \
            progress proxy-password proxy-user quota random-file read-timeout referer regex-type reject \
            reject-regex rejected-log \
            remote-encoding report-speed restrict-file-names retry-on-http-error save-cookies secure-protocol \
            start-pos timeout tries \
            use-askpass user user-agent wait waitretry warc-dedup warc-file warc-header warc-max-size warc-tempdir",
            )
            .attached("n"),
        )
        .places("P directory-prefix"),
    ),
    (
        "yarn",
        program(
            takes(
                "",
                "cwd cache-folder modules-folder mutex registry preferred-cache-folder \
        use-yarnrc network-timeout network-concurrency",
            )
            .partial(),
        )
        .commands(&[])
        .inherits(),
    ),
    ("zsh", SHELL),
];
