//! Generates the parser from `claw.lalrpop`.

fn main() {
    println!("cargo:rerun-if-changed=claw.lalrpop");
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    lalrpop::Configuration::new()
        .set_out_dir(out)
        .emit_rerun_directives(false)
        .process_file("claw.lalrpop")
        .expect("the grammar is LR(1)");
}
