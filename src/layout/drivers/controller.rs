//! Disk controllers of machines that a Windows may be moved to.

use std::fmt;

/// Makes the enum, the list of all and their names.
macro_rules! controllers {
    ($($(#[doc = $description:literal])+ $variant:ident $name:literal,)*) => {
        /// A disk controller, or a kind of machine that has one of a few.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Controller {
            $($(#[doc = $description])+ $variant,)*
        }

        impl Controller {
            /// All of them, in the order in which they are shown.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// Its name in switches and in JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The name of the requirement that a Windows has to start from it.
            #[must_use]
            pub const fn requirement(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("starts-on=", $name),)*
                }
            }
        }
    };
}

controllers! {
    /// virtio block device (KVM, OpenStack).
    VirtioBlk "virtio-blk",
    /// virtio SCSI (KVM, Proxmox).
    VirtioScsi "virtio-scsi",
    /// IDE as the PIIX3 and PIIX4 of virtual machines have it.
    Ide "ide",
    /// SATA in AHCI mode.
    Ahci "ahci",
    /// NVM Express.
    Nvme "nvme",
    /// VMware Paravirtual.
    Pvscsi "pvscsi",
    /// LSI Logic SAS (1068).
    LsiSas "lsi-sas",
    /// LSI Logic Parallel (53C1030).
    LsiScsi "lsi-scsi",
    /// Xen's paravirtual disks, or the IDE that it emulates.
    Xen "xen",
    /// Hyper-V's SCSI controller, from which generation 2 starts.
    HyperV "hyperv",
    /// NVM Express behind Hyper-V's PCI bus (Azure).
    AzureNvme "azure-nvme",
    /// NVM Express of AWS Nitro.
    AwsNitro "aws-nitro",
    /// virtio SCSI or NVM Express of Google Compute Engine.
    Gce "gce",
    /// A USB disk: USB 3 from Windows 8 on, USB 2 before.
    Usb "usb",
}

impl Controller {
    /// The controller of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|controller| controller.as_str() == name)
    }
}

impl fmt::Display for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Some controllers, each once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Controllers([bool; Controller::ALL.len()]);

impl Controllers {
    /// All that there are.
    pub const ALL: Self = Self([true; Controller::ALL.len()]);

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }

    /// Whether this one is among them.
    #[must_use]
    pub fn has(self, controller: Controller) -> bool {
        self.iter().any(|one| one == controller)
    }

    /// The same with this one.
    #[must_use]
    pub fn with(self, controller: Controller) -> Self {
        self.iter().chain([controller]).collect()
    }

    /// All of them, in the order in which they are shown.
    pub fn iter(self) -> impl Iterator<Item = Controller> {
        Controller::ALL.into_iter().zip(self.0).filter(|(_, is_in)| *is_in).map(|(controller, _)| controller)
    }
}

impl FromIterator<Controller> for Controllers {
    fn from_iter<T: IntoIterator<Item = Controller>>(controllers: T) -> Self {
        let wanted: Vec<Controller> = controllers.into_iter().collect();
        Self(Controller::ALL.map(|controller| wanted.contains(&controller)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_name_of_its_own() {
        for controller in Controller::ALL {
            assert_eq!(Controller::named(controller.as_str()), Some(controller));
        }
        assert_eq!(Controller::named("all"), None);
        assert_eq!(Controller::named("IDE"), None);
    }

    #[test]
    fn a_set_has_each_once_and_in_order() {
        let set: Controllers = [Controller::Nvme, Controller::Ide, Controller::Nvme].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [Controller::Ide, Controller::Nvme]);
        assert!(set.has(Controller::Ide) && !set.has(Controller::Usb) && !set.is_empty());
        assert!(Controllers::default().is_empty());
        assert_eq!(set.with(Controller::Usb).iter().count(), 3);
        assert_eq!(set.with(Controller::Ide), set);
        assert_eq!(Controllers::ALL.iter().count(), Controller::ALL.len());
    }
}
