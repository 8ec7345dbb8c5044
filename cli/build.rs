//! Tells the engine where libtorch is: as RUNPATH, which LD_LIBRARY_PATH overrides on a machine with another one.

fn main() {
    println!("cargo:rerun-if-env-changed=DEP_REGIMEN_SHIM_LIBTORCH_LIB");
    // Only there if the runtime is a dependency, that is with the feature `libtorch`.
    if let Ok(folder) = std::env::var("DEP_REGIMEN_SHIM_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg-bin=regimen-engine=-Wl,--enable-new-dtags,-rpath,{folder}");
    }
}
