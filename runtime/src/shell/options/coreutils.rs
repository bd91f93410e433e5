//! How the common tools of a Unix system take their options, sorted by name.
//!
//! Where GNU, BSD and BusyBox differ in whether an option takes a value, the row says that it varies. A wrong
//! row hides an option from a rule, so a program whose options are not well known is better left out.

use super::spec::{Spec, program, takes};

const PLAIN: Spec = program(takes("", "").plain("help version"));

/// `find`: primaries that take a value.
const FIND: Spec = program(takes(
    "",
    "amin anewer atime cmin cnewer context ctime D f files0-from fls fprint fprint0 fstype gid group ilname iname \
     inum ipath iregex iwholename links lname maxdepth mindepth mmin mtime name newer newerma newermt newerat path \
     perm printf regex regextype samefile since size type uid used user wholename xtype",
))
.words()
.no_dashes()
.inner("exec execdir ok okdir");

/// `grep` and its kin.
const GREP: Spec = program(
    takes(
        "efmABCDd",
        "after-context before-context binary-files context devices directories exclude exclude-dir \
           exclude-from file group-separator include include-dir label max-count regexp",
    )
    .plain(
        "basic-regexp byte-offset color colour count dereference-recursive extended-regexp files-with-matches \
            files-without-match fixed-strings help ignore-case invert-match line-buffered line-number line-regexp \
            no-filename no-messages null null-data only-matching perl-regexp quiet recursive silent text unique \
            version with-filename word-regexp",
    ),
);

/// `sha256sum`, `md5sum`, ….
const SUM: Spec = program(
    takes("", "")
        .varies("als")
        .plain("binary check help ignore-missing quiet status strict tag text version warn zero"),
);

const AWK: Spec =
    program(takes("fFvEl", "assign field-separator file include load source").varies("Wiedpo").partial().stops(1))
        .last("E");

const COPY: Spec = program(takes("tS", "suffix target-directory no-preserve sparse").plain(
    "archive attributes-only backup copy-contents debug dereference force help interactive link \
                no-clobber no-dereference no-target-directory one-file-system parents preserve recursive reflink \
                remove-destination strip-trailing-slashes symbolic-link update verbose version",
))
.places("t target-directory");

const MODE: Spec = program(takes("", "reference from").plain(
    "changes dereference help no-dereference no-preserve-root preserve-root quiet \
           recursive silent verbose version",
));

/// The programs.
pub(super) static PROGRAMS: &[(&str, Spec)] = &[
    ("[", program(takes("", "").partial()).words().no_dashes()),
    ("arch", PLAIN),
    ("awk", AWK),
    (
        "b2sum",
        program(takes("l", "length").plain(
            "binary check help ignore-missing quiet status strict tag text \
        version warn zero",
        )),
    ),
    ("base32", program(takes("w", "wrap").plain("decode help ignore-garbage version"))),
    (
        "base64",
        program(
            takes("w", "wrap")
                .varies("biDo")
                .plain(
                    "decode help ignore-garbage \
        version",
                )
                .partial(),
        ),
    ),
    ("basename", program(takes("s", "suffix").plain("help multiple version zero"))),
    (
        "bat",
        program(
            takes(
                "lHrm",
                "color decorations diff-context file-name highlight-line ignored-suffix italic-text \
        language line-range map-syntax nonprintable-notation pager paging squeeze-limit style tabs \
        terminal-width theme \
        theme-dark theme-light wrap completion binary",
            )
            .plain("plain help version number show-all diff"),
        )
        .exact(),
    ),
    ("cal", PLAIN),
    (
        "cat",
        program(takes("", "").plain(
            "help number number-nonblank show-all show-ends show-nonprinting \
        show-tabs squeeze-blank version",
        )),
    ),
    ("chgrp", MODE),
    ("chmod", MODE),
    ("chown", MODE),
    (
        "cksum",
        program(takes("al", "algorithm length").varies("o").plain(
            "base64 check debug help raw tag \
        untagged version zero",
        )),
    ),
    ("cmp", program(takes("in", "bytes ignore-initial").plain("help print-bytes quiet silent verbose version"))),
    ("column", program(takes("cdoOsHNRTWErt", "columns").varies("cdoOsHNRTWErt").partial())),
    (
        "comm",
        program(takes("", "output-delimiter").plain(
            "check-order help nocheck-order total version \
        zero-terminated",
        )),
    ),
    ("cp", COPY),
    (
        "cut",
        program(takes("bcdf", "bytes characters delimiter fields output-delimiter").plain(
            "complement help \
        only-delimited version zero-terminated",
        )),
    ),
    (
        "date",
        program(takes("dfrsv", "date file reference set rfc-3339").attached("I").plain(
            "debug help \
        iso-8601 rfc-2822 rfc-email universal utc version",
        )),
    ),
    ("dd", program(takes("", "").plain("help version")).no_dashes()),
    (
        "df",
        program(takes("Bx", "block-size exclude-type type").varies("tT").plain(
            "all help human-readable \
        inodes local no-sync output portability print-type si sync total version",
        )),
    ),
    (
        "diff",
        program(
            takes(
                "CDFIUWSxX",
                "exclude exclude-from from-file horizon-lines ifdef ignore-matching-lines label \
            line-format \
               new-group-format new-line-format old-group-format old-line-format changed-group-format \
               unchanged-group-format unchanged-line-format palette show-function-line starting-file tabsize \
                   to-file width",
            )
            .varies("Lhcu")
            .plain(
                "brief color context ed expand-tabs help ignore-all-space ignore-blank-lines ignore-case \
                ignore-space-change ignore-tab-expansion ignore-trailing-space initial-tab left-column minimal \
                new-file no-dereference no-ignore-file-name-case normal paginate rcs recursive \
                report-identical-files show-c-function side-by-side speed-large-files strip-trailing-cr \
                suppress-blank-empty suppress-common-lines text unidirectional-new-file unified version",
            ),
        ),
    ),
    ("dirname", program(takes("", "").plain("help version zero"))),
    (
        "du",
        program(
            takes(
                "BdtX",
                "block-size exclude exclude-from files0-from max-depth threshold \
        time-style",
            )
            .varies("I")
            .plain(
                "all apparent-size bytes count-links dereference dereference-args help \
        human-readable inodes no-dereference null one-file-system separate-dirs si summarize time total version",
            ),
        ),
    ),
    ("echo", program(takes("", "")).no_dashes()),
    ("egrep", GREP),
    (
        "env",
        program(
            takes("uCS", "chdir split-string unset argv0")
                .varies("aPL")
                .plain(
                    "block-signal \
        default-signal ignore-signal debug help ignore-environment list-signal-handling null version",
                )
                .stops(1),
        ),
    ),
    ("expand", program(takes("t", "tabs").plain("help initial version"))),
    ("false", PLAIN),
    (
        "fd",
        program(
            takes(
                "dEtecSjxXo",
                "max-depth min-depth exact-depth exclude type extension color size \
        threads exec \
        exec-batch max-results base-directory path-separator search-path ignore-file changed-within changed-before \
        owner format and batch-size max-buffer-time gen-completions",
            )
            .plain(
                "absolute-path case-sensitive fixed-strings follow full-path glob help hidden ignore-case \
            list-details no-ignore \
               print0 quiet regex show-errors strip-cwd-prefix unrestricted version",
            ),
        )
        .exact()
        .last("xX"),
    ),
    ("fgrep", GREP),
    (
        "file",
        program(
            takes(
                "efFmP",
                "exclude exclude-quiet files-from magic-file parameter \
        separator",
            )
            .plain(
                "brief check-encoding checking-printout compile debug dereference extension help \
        keep-going list mime mime-encoding mime-type no-buffer no-dereference no-pad no-sandbox preserve-date \
        print0 raw special-files uncompress uncompress-noreport version apple",
            ),
        ),
    ),
    ("find", FIND),
    (
        "fmt",
        program(takes("pwg", "goal prefix width").varies("dlt").plain(
            "crown-margin help split-only \
        tagged-paragraph uniform-spacing version",
        )),
    ),
    ("fold", program(takes("w", "width").plain("bytes help spaces version"))),
    ("gawk", AWK),
    ("grep", GREP),
    ("groups", PLAIN),
    (
        "gunzip",
        program(takes("S", "suffix").plain(
            "ascii force help keep license list name no-name quiet \
        recursive stdout synchronous test to-stdout uncompress verbose version",
        )),
    ),
    (
        "gzip",
        program(takes("Sb", "bits suffix").plain(
            "ascii best decompress fast force help keep license list \
        name no-name quiet recursive rsyncable stdout synchronous test to-stdout uncompress verbose version",
        )),
    ),
    ("head", program(takes("nc", "bytes lines").plain("help quiet silent verbose version zero-terminated"))),
    ("id", program(takes("", "").plain("context group groups help name real user version zero"))),
    (
        "install",
        program(
            takes(
                "gmotS",
                "group mode owner strip-program suffix \
        target-directory",
            )
            .varies("BDfMNhTLS")
            .plain(
                "backup compare context debug directory help \
        no-target-directory preserve-context preserve-timestamps strip verbose version",
            ),
        )
        .places(
            "t \
        target-directory",
        ),
    ),
    (
        "join",
        program(takes("aejotv12", "").varies("i").plain(
            "check-order header help ignore-case nocheck-order \
        version zero-terminated",
        )),
    ),
    ("jq", program(takes("fL", "indent from-file library-path").partial()).exact()),
    ("kill", program(takes("sn", "signal queue timeout").varies("lLq").plain("all help list pid table version"))),
    (
        "ln",
        program(takes("tS", "suffix target-directory").plain(
            "backup directory force help interactive \
        logical no-dereference no-target-directory physical relative symbolic verbose version",
        ))
        .places(
            "t \
        target-directory",
        ),
    ),
    ("logname", PLAIN),
    (
        "ls",
        program(
            takes(
                "",
                "block-size color format hide ignore indicator-style quoting-style sort tabsize \
        time time-style width",
            )
            .varies("DITw")
            .plain(
                "all almost-all author classify context \
        dereference dereference-command-line directory dired escape file-type full-time group-directories-first \
        help hide-control-chars human-readable hyperlink ignore-backups inode kibibytes literal no-group \
        numeric-uid-gid quote-name recursive reverse show-control-chars si size version zero",
            ),
        ),
    ),
    ("mawk", AWK),
    ("md5sum", SUM),
    ("mkdir", program(takes("m", "mode").plain("context help parents verbose version"))),
    ("mkfifo", program(takes("m", "mode").plain("context help version"))),
    (
        "mktemp",
        program(takes("p", "suffix").varies("t").plain(
            "directory dry-run help quiet tmpdir \
        version",
        ))
        .places("p tmpdir"),
    ),
    (
        "mv",
        program(takes("tS", "suffix target-directory").plain(
            "backup debug exchange force help interactive \
        no-clobber no-copy no-target-directory strip-trailing-slashes update verbose version",
        ))
        .places(
            "t \
        target-directory",
        ),
    ),
    ("nawk", AWK),
    (
        "nl",
        program(
            takes(
                "bdfhilnsvw",
                "body-numbering footer-numbering header-numbering join-blank-lines \
        line-increment number-format number-separator number-width section-delimiter \
        starting-line-number",
            )
            .plain("help no-renumber version"),
        ),
    ),
    ("nproc", program(takes("", "ignore").plain("all help version"))),
    (
        "od",
        program(
            takes(
                "AjNtSw",
                "address-radix endian format read-bytes skip-bytes \
        strings",
            )
            .varies("Sw")
            .plain("help output-duplicates traditional version width"),
        ),
    ),
    ("paste", program(takes("d", "delimiters").plain("help serial version zero-terminated"))),
    (
        "pgrep",
        program(
            takes(
                "dgGPstuUFr",
                "delimiter pgroup group parent session terminal euid uid pidfile ns \
        nslist signal runstates cgroup env older",
            )
            .varies("OIMNjcQ")
            .partial(),
        ),
    ),
    (
        "pkill",
        program(
            takes(
                "gGPstuUFr",
                "pgroup group parent session terminal euid uid pidfile ns nslist \
        signal runstates cgroup env older queue",
            )
            .varies("OIMNjcqQ")
            .partial(),
        ),
    ),
    ("printenv", program(takes("", "").plain("help null version"))),
    ("printf", program(takes("", "").plain("help version"))),
    (
        "ps",
        program(
            takes(
                "CGOUgopstu",
                "cols columns format group Group lines pid ppid quick-pid rows sid sort \
        tty user User width",
            )
            .varies("gstuNMwWkqTADZ")
            .partial(),
        ),
    ),
    ("pwd", PLAIN),
    (
        "readlink",
        program(takes("", "").varies("ft").plain(
            "canonicalize canonicalize-existing \
        canonicalize-missing help no-newline quiet silent verbose version zero",
        )),
    ),
    (
        "realpath",
        program(takes("", "relative-base relative-to").plain(
            "canonicalize-existing \
        canonicalize-missing help logical no-symlinks physical quiet strip version zero",
        )),
    ),
    (
        "rg",
        program(
            takes(
                "ABCEMTdefgjmrt",
                "after-context before-context color colors context context-separator \
        dfa-size-limit \
        encoding engine field-context-separator field-match-separator file generate glob hostname-bin \
        hyperlink-format \
        iglob ignore-file max-columns max-count max-depth max-filesize path-separator pre pre-glob \
        regex-size-limit regexp \
        replace sort sortr threads type type-add type-clear type-not",
            )
            .plain(
                "binary block-buffered byte-offset case-sensitive column count count-matches crlf debug files \
            files-with-matches files-without-match fixed-strings follow heading help hidden ignore-case \
            ignore-file-case-insensitive include-zero invert-match json line-buffered line-number line-regexp \
            mmap multiline \
            multiline-dotall no-config no-filename no-heading no-ignore no-ignore-vcs no-line-number no-messages \
            null null-data \
            one-file-system only-matching passthru pcre2 pretty quiet search-zip smart-case stats \
            stop-on-nonmatch text trace \
            trim type-list unrestricted version vimgrep with-filename word-regexp",
            ),
        )
        .exact(),
    ),
    (
        "rm",
        program(takes("", "").plain(
            "dir force help interactive no-preserve-root one-file-system \
        preserve-root recursive verbose version",
        )),
    ),
    ("rmdir", program(takes("", "").plain("help ignore-fail-on-non-empty parents verbose version"))),
    (
        "sed",
        program(takes("ef", "expression file line-length").varies("Iil").plain(
            "binary debug \
        follow-symlinks help in-place null-data posix quiet regexp-extended sandbox separate silent unbuffered \
        version zero-terminated",
        )),
    ),
    ("seq", program(takes("fs", "format separator").varies("t").plain("equal-width help version"))),
    ("sha1sum", SUM),
    ("sha224sum", SUM),
    ("sha256sum", SUM),
    ("sha384sum", SUM),
    ("sha512sum", SUM),
    (
        "shred",
        program(takes("ns", "iterations random-source size").plain(
            "exact force help remove verbose \
        version zero",
        )),
    ),
    (
        "shuf",
        program(takes("ino", "head-count input-range output random-source").plain(
            "echo help repeat \
        version zero-terminated",
        )),
    ),
    ("sleep", PLAIN),
    (
        "sort",
        program(
            takes(
                "kotST",
                "batch-size buffer-size compress-program field-separator files0-from key \
        output parallel random-source sort temporary-directory",
            )
            .plain(
                "check debug dictionary-order \
        general-numeric-sort help human-numeric-sort ignore-case ignore-leading-blanks ignore-nonprinting merge \
        month-sort numeric-sort random-sort reverse stable unique version version-sort zero-terminated",
            )
            .varies("R"),
        ),
    ),
    (
        "split",
        program(
            takes(
                "abClnt",
                "additional-suffix bytes filter line-bytes lines number separator \
        suffix-length",
            )
            .varies("p")
            .plain(
                "elide-empty-files help hex-suffixes numeric-suffixes unbuffered \
        verbose version",
            ),
        ),
    ),
    (
        "stat",
        program(takes("c", "format printf cached").varies("ft").plain(
            "dereference file-system help terse \
        version",
        )),
    ),
    (
        "strings",
        program(
            takes(
                "nteTUs",
                "bytes encoding output-separator radix target \
        unicode",
            )
            .varies("o")
            .plain("all data help include-all-whitespace print-file-name version"),
        ),
    ),
    ("sum", PLAIN),
    ("sync", PLAIN),
    ("tac", program(takes("s", "separator").plain("before help regex version"))),
    (
        "tail",
        program(
            takes(
                "ncs",
                "bytes lines max-unchanged-stats pid \
        sleep-interval",
            )
            .varies("b")
            .plain("follow help quiet retry silent verbose version zero-terminated"),
        ),
    ),
    (
        "tar",
        program(
            takes(
                "bCfFgHIKLNTVX",
                "add-file after-date blocking-factor checkpoint-action clamp-mtime directory \
            exclude exclude-from \
               exclude-ignore exclude-ignore-recursive exclude-tag exclude-tag-all exclude-tag-under file \
               files-from format \
               group group-map hole-detection index-file info-script label level listed-incremental mode mtime newer \
               newer-mtime new-volume-script owner owner-map pax-option quoting-style quote-chars no-quote-chars \
               record-size rmt-command rsh-command set-mtime-command set-mtime-format sort sparse-version \
               starting-file \
               strip-components suffix tape-length to-command transform use-compress-program volno-file warning \
               xattrs-exclude xattrs-include xform",
            )
            .varies("sWHgFILKVNe")
            .plain(
                "absolute-names append atime-preserve auto-compress backup bzip2 catenate check-device \
            checkpoint compare \
                compress concatenate confirmation create delete delay-directory-restore dereference diff extract \
                force-local \
                full-time get gunzip gzip help hard-dereference ignore-case ignore-failed-read ignore-zeros \
                incremental \
                interactive keep-newer-files keep-old-files list lzip lzma lzop multi-volume new-volume no-recursion \
                no-same-owner no-same-permissions null numeric-owner old-archive one-file-system one-top-level \
                overwrite \
                preserve-permissions recursion recursive-unlink remove-files same-owner same-permissions seek \
                show-defaults \
                sparse to-stdout totals touch ungzip unlink-first update utc verbatim-files-from verbose verify \
                    version xz zstd",
            ),
        )
        .old()
        .places("C directory"),
    ),
    ("tee", program(takes("", "").plain("append help ignore-interrupts output-error version"))),
    ("test", program(takes("", "").partial()).words().no_dashes()),
    (
        "timeout",
        program(
            takes("ks", "kill-after signal")
                .plain(
                    "foreground help preserve-status verbose \
        version",
                )
                .stops(1),
        ),
    ),
    ("touch", program(takes("drt", "date reference time").varies("A").plain("help no-create no-dereference version"))),
    ("tr", program(takes("", "").plain("complement delete help squeeze-repeats truncate-set1 version"))),
    ("tree", program(takes("HILPTo", "charset filelimit sort timefmt gitfile infofile hintro houtro").partial())),
    ("true", PLAIN),
    ("truncate", program(takes("rs", "reference size").plain("help io-blocks no-create version"))),
    ("tsort", PLAIN),
    ("tty", program(takes("", "").plain("help quiet silent version"))),
    (
        "uname",
        program(takes("", "").plain(
            "all hardware-platform help kernel-name kernel-release kernel-version \
        machine nodename operating-system processor version",
        )),
    ),
    ("unexpand", program(takes("t", "tabs").plain("all first-only help version"))),
    (
        "uniq",
        program(takes("fsw", "check-chars skip-chars skip-fields").varies("D").plain(
            "all-repeated count \
        group help ignore-case repeated unique version zero-terminated",
        )),
    ),
    ("unlink", PLAIN),
    ("uptime", PLAIN),
    ("users", PLAIN),
    ("wc", program(takes("", "files0-from").plain("bytes chars help lines max-line-length total version words"))),
    (
        "which",
        program(takes("", "").plain(
            "all help read-alias read-functions skip-alias skip-dot \
        skip-functions skip-tilde show-dot show-tilde tty-only version",
        )),
    ),
    ("whoami", PLAIN),
    (
        "xargs",
        program(
            takes(
                "adEILnPs",
                "arg-file delimiter max-args max-chars max-procs \
        process-slot-var",
            )
            .varies("JRSeil")
            .plain(
                "eof exit help interactive max-lines \
        no-run-if-empty null open-tty replace show-limits verbose version",
            )
            .stops(1),
        ),
    ),
    ("yes", PLAIN),
    ("zcat", program(takes("", "").varies("S").plain("help version"))),
];
