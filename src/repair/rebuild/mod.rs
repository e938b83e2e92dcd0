//! What is made again from the Windows on the same disk.

#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the plan of a rebuild takes them"))]
#[cfg_attr(test, expect(unused_imports, reason = "the same"))]
pub(crate) mod files;
