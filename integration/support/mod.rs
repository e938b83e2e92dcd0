//! What the cases stand on: the program, disks to try it on, and judges that share no code with it.

pub mod disk;
pub mod judges;
pub mod make_image;
pub mod parts;
pub mod program;
pub mod sparse;
