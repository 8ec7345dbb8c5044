//! How the two binaries are linked.

fn main() {
    println!("cargo:rerun-if-env-changed=DEP_REGIMEN_SHIM_LIBTORCH_LIB");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        // At a fixed address the loader has nothing to relocate, and a hundred pages of tables stay as they are on disk: a tenth of a
        // `check`.
        println!("cargo:rustc-link-arg-bin=regimen=-no-pie");
    }
    // The engine's RUNPATH says where libtorch is; LD_LIBRARY_PATH overrides it on a machine with another one. Only there if the runtime is a dependency, that is with the feature `libtorch`.
    if let Ok(folder) = std::env::var("DEP_REGIMEN_SHIM_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg-bin=regimen-engine=-Wl,--enable-new-dtags,-rpath,{folder}");
    }
}
