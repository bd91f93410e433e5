//! What functions do, going by their names.

use crate::SqlDialect::{self, Mysql, Postgres, Sqlite};
use crate::Tri;

/// Does the database's own function of this name (in lower case) only compute? False if it changes something or
/// reaches out of the database; unknown if it is not listed here.
pub(super) fn is_pure(dialect: SqlDialect, name: &str) -> Tri {
    if IMPURE.contains(&name) || IMPURE_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return Tri::False;
    }
    let own = match dialect {
        Postgres => POSTGRES,
        Mysql => MYSQL,
        Sqlite => SQLITE,
        SqlDialect::Ansi => &[],
    };
    if COMMON.contains(&name) || own.contains(&name) { Tri::True } else { Tri::Unknown }
}

/// Words before a parenthesis that call nothing: keywords, and types with a length.
pub(super) fn is_syntax(word: &str) -> bool {
    SYNTAX.contains(&word)
}

#[rustfmt::skip]
const COMMON: &[&str] = &[
    // Aggregates and windows.
    "count", "sum", "avg", "min", "max", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp",
    "row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead", "first_value",
    "last_value", "nth_value",
    // Numbers.
    "abs", "ceil", "ceiling", "floor", "round", "sign", "sqrt", "power", "pow", "mod", "exp", "ln", "log", "log10",
    "pi", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "degrees", "radians",
    // Texts.
    "lower", "upper", "trim", "ltrim", "rtrim", "substr", "substring", "replace", "concat", "concat_ws", "length",
    "char_length", "character_length", "octet_length", "position",
    // Choice.
    "coalesce", "nullif",
    // Times.
    "current_date", "current_time", "current_timestamp", "extract",
];

#[rustfmt::skip]
const POSTGRES: &[&str] = &[
    "array_agg", "array_append", "array_cat", "array_dims", "array_length", "array_lower", "array_ndims",
    "array_position", "array_positions", "array_prepend", "array_remove", "array_replace", "array_to_json",
    "array_to_string", "array_upper", "cardinality", "string_to_array", "unnest", "generate_series",
    "generate_subscripts", "bit_and", "bit_or", "bool_and", "bool_or", "every", "corr", "mode", "percentile_cont",
    "percentile_disc", "regr_slope", "regr_intercept", "string_agg", "json_agg", "json_object_agg", "jsonb_agg",
    "jsonb_object_agg", "grouping",
    "cbrt", "div", "gcd", "lcm", "trunc", "width_bucket", "scale", "greatest", "least", "random", "num_nulls",
    "num_nonnulls",
    "ascii", "chr", "btrim", "bit_length", "decode", "encode", "format", "initcap", "left", "right", "lpad", "rpad",
    "md5", "sha224", "sha256", "sha384", "sha512", "quote_ident", "quote_literal", "quote_nullable", "regexp_match",
    "regexp_matches", "regexp_replace", "regexp_split_to_array", "regexp_split_to_table", "regexp_count",
    "regexp_like", "regexp_instr", "regexp_substr", "repeat", "reverse", "split_part", "starts_with", "strpos",
    "to_hex", "translate", "overlay", "normalize", "to_char", "to_number", "to_date", "to_timestamp",
    "age", "clock_timestamp", "date_bin", "date_part", "date_trunc", "isfinite", "justify_days", "justify_hours",
    "justify_interval", "localtime", "localtimestamp", "make_date", "make_interval", "make_time", "make_timestamp",
    "make_timestamptz", "now", "statement_timestamp", "timeofday", "timezone", "transaction_timestamp",
    "json_array_elements", "json_array_elements_text", "json_array_length", "json_build_array", "json_build_object",
    "json_each", "json_each_text", "json_extract_path", "json_extract_path_text", "json_object", "json_object_keys",
    "json_strip_nulls", "json_typeof", "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_array_length",
    "jsonb_build_array", "jsonb_build_object", "jsonb_each", "jsonb_each_text", "jsonb_extract_path",
    "jsonb_extract_path_text", "jsonb_insert", "jsonb_object", "jsonb_object_keys", "jsonb_path_exists",
    "jsonb_path_match", "jsonb_path_query", "jsonb_path_query_array", "jsonb_path_query_first", "jsonb_pretty",
    "jsonb_set", "jsonb_strip_nulls", "jsonb_typeof", "row_to_json", "to_json", "to_jsonb",
    "plainto_tsquery", "phraseto_tsquery", "setweight", "to_tsquery", "to_tsvector", "ts_headline", "ts_rank",
    "ts_rank_cd", "websearch_to_tsquery", "similarity", "word_similarity",
    "lower_inf", "upper_inf", "isempty", "int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange",
    "host", "family", "masklen", "netmask", "network", "broadcast", "inet_same_family",
    "gen_random_uuid", "current_database", "current_schema", "current_schemas", "current_user", "session_user",
    "version", "current_setting", "pg_typeof", "format_type", "pg_get_constraintdef", "pg_get_expr",
    "pg_get_functiondef", "pg_get_indexdef", "pg_get_viewdef", "pg_get_serial_sequence", "obj_description",
    "col_description", "pg_size_pretty", "pg_relation_size", "pg_table_size", "pg_indexes_size",
    "pg_total_relation_size", "pg_database_size", "has_table_privilege", "has_schema_privilege",
    "has_column_privilege", "pg_table_is_visible", "to_regclass", "pg_backend_pid", "pg_column_size",
];

#[rustfmt::skip]
const MYSQL: &[&str] = &[
    "group_concat", "bit_and", "bit_or", "bit_xor", "json_arrayagg", "json_objectagg", "std", "any_value", "grouping",
    "if", "ifnull", "greatest", "least", "conv", "crc32", "log2", "rand", "truncate", "cot", "bit_count",
    "ascii", "bin", "bit_length", "char", "elt", "export_set", "field", "find_in_set", "format", "from_base64", "hex",
    "insert", "instr", "lcase", "left", "locate", "lpad", "make_set", "mid", "oct", "ord", "quote", "regexp_instr",
    "regexp_like", "regexp_replace", "regexp_substr", "repeat", "reverse", "right", "rpad", "soundex", "space",
    "strcmp", "substring_index", "to_base64", "ucase", "unhex", "md5", "sha", "sha1", "sha2", "convert", "cast",
    "adddate", "addtime", "convert_tz", "curdate", "curtime", "date", "date_add", "date_format", "date_sub",
    "datediff", "day", "dayname", "dayofmonth", "dayofweek", "dayofyear", "from_days", "from_unixtime", "hour",
    "last_day", "localtime", "localtimestamp", "makedate", "maketime", "microsecond", "minute", "month", "monthname",
    "now", "period_add", "period_diff", "quarter", "sec_to_time", "second", "str_to_date", "subdate", "subtime",
    "sysdate", "time", "time_format", "time_to_sec", "timediff", "timestamp", "timestampadd", "timestampdiff",
    "to_days", "to_seconds", "unix_timestamp", "utc_date", "utc_time", "utc_timestamp", "week", "weekday",
    "weekofyear", "year", "yearweek",
    "json_array", "json_contains", "json_contains_path", "json_depth", "json_extract", "json_keys", "json_length",
    "json_object", "json_overlaps", "json_quote", "json_search", "json_set", "json_insert", "json_replace",
    "json_remove", "json_type", "json_unquote", "json_valid", "json_value", "json_merge_patch",
    "json_merge_preserve", "json_pretty", "member",
    "connection_id", "current_user", "database", "found_rows", "row_count", "schema", "session_user", "user", "uuid",
    "version", "charset", "collation", "inet_aton", "inet_ntoa", "inet6_aton", "inet6_ntoa", "isnull", "values",
];

#[rustfmt::skip]
const SQLITE: &[&str] = &[
    "group_concat", "string_agg", "total", "char", "format", "glob", "hex", "ifnull", "iif", "if", "instr",
    "likelihood", "likely", "unlikely", "like", "printf", "quote", "random", "randomblob", "soundex", "trunc",
    "typeof", "unicode", "unhex", "zeroblob", "sqlite_version", "sqlite_source_id", "changes", "total_changes",
    "last_insert_rowid",
    "date", "time", "datetime", "julianday", "strftime", "unixepoch", "timediff",
    "json", "json_array", "json_array_length", "json_each", "json_extract", "json_group_array", "json_group_object",
    "json_insert", "json_object", "json_patch", "json_pretty", "json_quote", "json_remove", "json_replace",
    "json_set", "json_tree", "json_type", "json_valid", "jsonb", "jsonb_array", "jsonb_extract", "jsonb_object",
    "generate_series", "highlight", "snippet", "bm25", "concat", "pragma_table_info", "pragma_table_xinfo",
    "pragma_table_list", "pragma_index_list", "pragma_index_info", "pragma_foreign_key_list", "pragma_database_list",
    "acosh", "asinh", "atanh", "cosh", "sinh", "tanh", "log2",
];

/// They change data, sessions or the server, reach its files or other machines, or hold it up.
#[rustfmt::skip]
const IMPURE: &[&str] = &[
    "nextval", "setval", "set_config", "setseed", "pg_sleep", "pg_sleep_for", "pg_sleep_until",
    "pg_terminate_backend", "pg_cancel_backend", "pg_reload_conf", "pg_rotate_logfile", "pg_notify", "pg_promote",
    "pg_switch_wal", "pg_create_restore_point", "pg_wal_replay_pause", "pg_wal_replay_resume",
    "pg_read_file", "pg_read_binary_file", "pg_ls_dir", "pg_stat_file", "pg_logical_emit_message", "pg_import_system_collations",
    "pg_backup_start", "pg_backup_stop", "pg_start_backup", "pg_stop_backup", "loread", "lowrite",
    "load_file", "benchmark", "sleep", "get_lock", "release_lock", "release_all_locks", "is_used_lock",
    "master_pos_wait", "source_pos_wait", "sys_exec", "sys_eval", "sys_get", "sys_set",
    "load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "fsdir", "lsdir", "sqlar_uncompress",
    "openrowset", "opendatasource", "openquery",
];

#[rustfmt::skip]
const IMPURE_PREFIXES: &[&str] = &[
    "dblink", "lo_", "pg_advisory_", "pg_try_advisory_", "pg_file_", "pg_ls_", "pg_create_", "pg_drop_", "pg_copy_",
    "pg_stat_reset", "pg_replication_", "xp_", "sp_", "utl_", "dbms_",
];

#[rustfmt::skip]
const SYNTAX: &[&str] = &[
    "select", "distinct", "from", "join", "on", "using", "where", "and", "or", "not", "xor", "in", "exists", "any",
    "all", "some", "between", "like", "ilike", "is", "case", "when", "then", "else", "values", "row", "as", "with",
    "over", "partition", "by", "filter", "within", "group", "having", "limit", "offset", "fetch", "union",
    "intersect", "except", "minus", "lateral", "materialized", "array", "interval", "set", "returning", "into",
    "recursive", "cast", "extract", "position", "substring", "trim", "overlay", "ceil", "ceiling", "floor",
    "grouping", "sets", "rollup", "cube", "ordinality", "window", "against", "match", "convert", "similar", "to",
    "escape", "at", "zone", "copy", "conflict", "index", "key", "use", "force", "ignore", "div", "mod", "regexp", "rlike",
    "glob", "json_table", "columns", "xmltable", "unnest", "do", "table", "tablesample", "bernoulli", "system",
    "char", "character", "varchar", "varying", "nchar", "nvarchar", "varbinary", "binary", "bit", "decimal", "numeric",
    "dec", "float", "int", "integer", "bigint", "smallint", "tinyint", "double", "real", "time", "timestamp",
    "timestamptz", "timetz", "datetime", "signed", "unsigned", "bpchar", "end", "order",
];
