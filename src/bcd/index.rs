//! Places in a store: of an object, of an element in it, and of an identity record in that.

/// A type for the index in one kind of list, so that it is of no use with another.
macro_rules! index_type {
    ($(#[$doc:meta])* $room:vis $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(usize);

        impl $name {
            /// The index of what stands at this place, counted from 0.
            #[must_use]
            pub const fn new(place: usize) -> Self {
                Self(place)
            }

            /// What stands there in a list of this kind.
            $room fn of<T>(self, all: &[T]) -> Option<&T> {
                all.get(self.0)
            }

            /// All of a list of this kind, each with its index.
            $room fn each<T>(all: &[T]) -> impl DoubleEndedIterator<Item = (Self, &T)> {
                all.iter().enumerate().map(|(place, one)| (Self(place), one))
            }
        }
    };
}

pub(crate) use index_type;

index_type! {
    /// Index of an object in its store.
    pub(in crate::bcd) ObjectIndex
}

index_type! {
    /// Index of an element in its object.
    pub(in crate::bcd) ElementIndex
}

index_type! {
    /// Index of an identity record in its device element.
    pub(in crate::bcd) IdentityIndex
}
