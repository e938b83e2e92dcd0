#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bcdrescue_fuzz::targets::run("storage_drivers", data));
