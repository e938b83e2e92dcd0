#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bcdrescue_fuzz::targets::run("boot_ini", data));
