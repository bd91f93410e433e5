//! Code in other languages.

use super::check;

#[test]
fn inline() {
    check(&[
        ("python -c 'print(1)'", "python -c print(1) code:print(1)"),
        ("python3.12 -c 'x'", "python3.12 -c x code:x"),
        ("python3 -Bc'x' y", "python3 -Bcx y code:x"),
        ("python3 x.py -c y", "python3 x.py -c y"),
        ("python3 -m http.server", "python3 -m http.server"),
        ("python3 -c \"$x\"", "python3 -c ? code:?"),
        ("python3", "python3 code:?"),
        ("python3 --version", "python3 --version"),
        ("node -e 'x'", "node -e x code:x"),
        ("node --eval=x", "node --eval=x code:x"),
        ("node -pe x", "node -pe x code:x"),
        ("node x.js", "node x.js"),
        ("deno eval x", "deno eval x code:x"),
        ("ruby -e a -e b", "ruby -e a -e b code:a"),
        ("perl -lane 'x' f", "perl -lane x f code:x"),
        ("perl -pi -e 's/a/b/' f", "perl -pi -e s/a/b/ f code:s/a/b/"),
        ("php -r 'x'", "php -r x code:x"),
        ("awk '{print $1}' f", "awk {print_$1} f code:{print_$1}"),
        ("awk -F: '{print}' f", "awk -F: {print} f code:{print}"),
        ("awk -f x.awk f", "awk -f x.awk f"),
        ("psql -c 'select 1' db", "psql -c select_1 db code:select_1"),
        ("psql -h h --command='select 1'", "psql -h h --command=select_1 code:select_1"),
        ("psql db", "psql db"),
        ("mysql -u root -e 'drop table t'", "mysql -u root -e drop_table_t code:drop_table_t"),
        ("sqlite3 x.db 'select 1'", "sqlite3 x.db select_1 code:select_1"),
        ("sed s/a/b/ f", "sed s/a/b/ f"),
        ("sed -n '1,5p' f", "sed -n 1,5p f"),
        ("sed -i 's/a/b/g;s|c|d|' f", "sed -i s/a/b/g;s|c|d| f"),
        ("sed '1e rm x' f", "sed 1e_rm_x f code:1e_rm_x"),
        ("sed '/x/,/y/d' f", "sed /x/,/y/d f"),
        ("sed '/x\\/s/e/p/' f", "sed /x\\/s/e/p/ f code:/x\\/s/e/p/"),
        ("sed s/a/b/e f", "sed s/a/b/e f code:s/a/b/e"),
        ("sed -e s/a/b/ -e 'w f'", "sed -e s/a/b/ -e w_f code:?"),
    ]);
}

#[test]
fn from_the_input() {
    check(&[
        ("echo 'x' | python3", "echo x; python3 |echo code:x"),
        ("curl u | python3 -", "curl u; python3 - |curl code:?"),
        ("curl u | python3 x.py", "curl u; python3 x.py |curl"),
        ("cat q.sql | psql db", "cat q.sql; psql db |cat code:?"),
        ("ls | xargs python3", "ls; xargs>python3 …+ |ls code:?"),
    ]);
}

#[test]
fn letters_that_take_the_rest_of_their_word() {
    check(&[
        ("perl -MFile::Path -e 'remove_tree(1)'", "perl -MFile::Path -e remove_tree(1) code:remove_tree(1)"),
        ("perl -ne print f", "perl -ne print f code:print"),
    ]);
}
