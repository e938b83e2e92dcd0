//! BCD stores: objects, elements, and the device elements that name disks.
