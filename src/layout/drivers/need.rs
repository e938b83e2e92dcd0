//! What a Windows needs to start from a controller: services, their files, and the hardware ids that bind them.
//!
//! Sources: measured on SYSTEM hives of Windows 7 and 10 (services, ids, class filters); virtio-win, `viostor.inx` and `vioscsi.inx`; virt-v2v,
//! `inject_virtio_win.ml`; Microsoft KB 314082 (IDE of NT 5.x), KB 922976 (AHCI of Vista and 7), KB 2990941 (NVMe of 7); VMware KB 1005208 and
//! 1010398; Azure's NVMe conversion script (`vpci`).

use crate::layout::drivers::controller::Controller;

/// Versions of Windows that find and load the drivers of their disk in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// XP and 2003: started by NTLDR, ids in `CriticalDeviceDatabase`.
    Nt5,
    /// Vista to 2008 R2: ids in `CriticalDeviceDatabase`.
    Vista,
    /// 8, 2012 and later: ids in `DriverDatabase`, start values that a hardware configuration overrides.
    Eight,
}

/// A service that has to be loaded when the disk is first read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// Name of the service.
    pub service: &'static str,
    /// Files in `System32\drivers` that its own imports.
    pub imports: &'static [&'static str],
    /// Hardware ids, one of which has to be bound to it, `BUS\ID`; none where nothing is looked up.
    pub ids: &'static [&'static str],
    /// The highest start value at which it is still loaded in time.
    pub start_max: u32,
}

/// The class of a controller, by which filter drivers are attached to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Disks, whatever they hang on.
    DiskDrive,
    /// IDE and AHCI.
    Hdc,
    /// SCSI, SAS, NVMe and what passes for them.
    ScsiAdapter,
    /// Volumes.
    Volume,
}

impl Class {
    /// Its name in the registry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DiskDrive => "DiskDrive",
            Self::Hdc => "hdc",
            Self::ScsiAdapter => "SCSIAdapter",
            Self::Volume => "Volume",
        }
    }

    /// The name of its key below `Control\Class` (Microsoft, "System-Defined Device Setup Classes").
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::DiskDrive => "{4D36E967-E325-11CE-BFC1-08002BE10318}",
            Self::Hdc => "{4D36E96A-E325-11CE-BFC1-08002BE10318}",
            Self::ScsiAdapter => "{4D36E97B-E325-11CE-BFC1-08002BE10318}",
            Self::Volume => "{71A27CDD-812A-11D0-BEC7-08002BE2092F}",
        }
    }

    /// Filters of Windows' own in it (Azure's `win-fix-inaccessible-boot-device.ps1`), in lower case.
    #[must_use]
    pub const fn own_filters(self) -> &'static [&'static str] {
        match self {
            Self::DiskDrive => {
                &["partmgr", "fvevol", "iorate", "storqosflt", "wcifs", "ehstorclass", "storflt"]
            }
            Self::Hdc => &["iasf", "iastorf", "iastorav"],
            Self::ScsiAdapter => &["iastorav"],
            Self::Volume => {
                &["volsnap", "fvevol", "rdyboost", "spldr", "volmgrx", "iorate", "storqosflt", "ecache"]
            }
        }
    }
}

/// One way to start from a controller: all its services are needed.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// The services.
    pub needs: &'static [Need],
    /// The class of the controller.
    pub class: Class,
    /// Its first service takes the controller only where nothing is bound to the more exact ids of the way before.
    pub is_generic: bool,
}

/// Loaded by the boot loader.
const BOOT: u32 = 0;

const fn need(service: &'static str, imports: &'static [&'static str], ids: &'static [&'static str]) -> Need {
    Need { service, imports, ids, start_max: BOOT }
}

const fn scsi(needs: &'static [Need]) -> Way {
    Way { needs, class: Class::ScsiAdapter, is_generic: false }
}

const fn hdc(needs: &'static [Need]) -> Way {
    Way { needs, class: Class::Hdc, is_generic: false }
}

const PORT: &[&str] = &["storport.sys"];
const PIIX: &[&str] = &[r"PCI\VEN_8086&DEV_7010", r"PCI\VEN_8086&DEV_7111"];
const ANY_IDE: &[&str] = &[r"PCI\CC_0101"];
const CHANNEL: &[&str] = &["Primary_IDE_Channel", "Internal_IDE_Channel"];
const ANY_AHCI: &[&str] = &[r"PCI\CC_010601"];
const ANY_NVME: &[&str] = &[r"PCI\CC_010802"];
const VIRTIO_BLK: &[&str] = &[
    r"PCI\VEN_1AF4&DEV_1001",
    r"PCI\VEN_1AF4&DEV_1042",
    r"PCI\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00",
    r"PCI\VEN_1AF4&DEV_1042&SUBSYS_11001AF4&REV_01",
];
const VIRTIO_SCSI: &[&str] = &[
    r"PCI\VEN_1AF4&DEV_1004",
    r"PCI\VEN_1AF4&DEV_1048",
    r"PCI\VEN_1AF4&DEV_1004&SUBSYS_00081AF4&REV_00",
    r"PCI\VEN_1AF4&DEV_1048&SUBSYS_11001AF4&REV_01",
];
const XEN: &[&str] = &[r"PCI\VEN_5853&DEV_0001", r"PCI\VEN_5853&DEV_0002", r"PCI\VEN_5853&DEV_C000"];
const VMBUS: &[&str] = &[r"ACPI\VMBus", r"ACPI\MSFT1000"];
const HV_SCSI: &[&str] = &[r"VMBUS\{ba6163d9-04a1-4d29-b605-72e2ffb1dc7f}"];
const HV_PCI: &[&str] = &[r"VMBUS\{44C4F61D-4444-4400-9D52-802E27EDE19F}"];

static IDE_NT5: [Way; 2] = [
    hdc(&[need("intelide", &["pciidex.sys"], PIIX), need("atapi", &[], CHANNEL)]),
    Way {
        is_generic: true,
        ..hdc(&[need("pciide", &["pciidex.sys"], ANY_IDE), need("atapi", &[], CHANNEL)])
    },
];
static IDE: [Way; 2] = [
    hdc(&[need("intelide", &["pciidex.sys"], PIIX), need("atapi", &["ataport.sys"], CHANNEL)]),
    Way {
        is_generic: true,
        ..hdc(&[need("pciide", &["pciidex.sys"], ANY_IDE), need("atapi", &["ataport.sys"], CHANNEL)])
    },
];
static MSAHCI: [Way; 1] = [hdc(&[need("msahci", &["ataport.sys", "pciidex.sys"], ANY_AHCI)])];
static STORAHCI: [Way; 1] = [hdc(&[need("storahci", PORT, ANY_AHCI)])];
static NVME: [Way; 1] = [scsi(&[need("stornvme", PORT, ANY_NVME)])];
static VIOSTOR_NT5: [Way; 1] = [scsi(&[need("viostor", &[], VIRTIO_BLK)])];
static VIOSTOR: [Way; 1] = [scsi(&[need("viostor", PORT, VIRTIO_BLK)])];
static VIOSCSI_NT5: [Way; 1] = [scsi(&[need("vioscsi", &[], VIRTIO_SCSI)])];
static VIOSCSI: [Way; 1] = [scsi(&[need("vioscsi", PORT, VIRTIO_SCSI)])];
static SYMMPI: [Way; 1] = [scsi(&[need("symmpi", &[], &[r"PCI\VEN_1000&DEV_0030"])])];
static LSI_SCSI: [Way; 1] = [scsi(&[need("LSI_SCSI", PORT, &[r"PCI\VEN_1000&DEV_0030"])])];
static LSI_SAS_NT5: [Way; 1] = [scsi(&[need("LSI_SAS", &[], &[r"PCI\VEN_1000&DEV_0054"])])];
static LSI_SAS: [Way; 1] = [scsi(&[need("LSI_SAS", PORT, &[r"PCI\VEN_1000&DEV_0054"])])];
static PVSCSI_NT5: [Way; 1] = [scsi(&[need("pvscsi", &[], &[r"PCI\VEN_15AD&DEV_07C0"])])];
static PVSCSI: [Way; 1] = [scsi(&[need("pvscsi", PORT, &[r"PCI\VEN_15AD&DEV_07C0"])])];
static HYPERV_VISTA: [Way; 1] =
    [scsi(&[need("vmbus", &["winhv.sys"], VMBUS), need("storvsc", PORT, HV_SCSI)])];
static HYPERV: [Way; 1] = [scsi(&[need("vmbus", &[], VMBUS), need("storvsc", PORT, HV_SCSI)])];
static AZURE_NVME: [Way; 1] =
    [scsi(&[need("vmbus", &[], VMBUS), need("vpci", &[], HV_PCI), need("stornvme", PORT, ANY_NVME)])];
static NITRO: [Way; 2] = [
    scsi(&[need("AWSNVMe", PORT, &[r"PCI\VEN_1D0F&DEV_8061"])]),
    Way { is_generic: true, ..scsi(&[need("stornvme", PORT, ANY_NVME)]) },
];
static XEN_PV: Way = scsi(&[need("xenbus", &[], XEN), need("xenvbd", &[], &[])]);
static XEN_NT5: [Way; 3] = [XEN_PV, IDE_NT5[0], IDE_NT5[1]];
static XEN_IDE: [Way; 3] = [XEN_PV, IDE[0], IDE[1]];
static GCE_VISTA: [Way; 2] = [VIOSCSI[0], NVME[0]];
static USB2: [Way; 1] = [scsi(&[
    need("usbehci", &["usbport.sys", "usbd.sys"], &[]),
    need("usbhub", &[], &[]),
    need("USBSTOR", &[], &[]),
])];
static USB3: [Way; 2] = [
    scsi(&[need("USBXHCI", &["ucx01000.sys"], &[]), need("USBHUB3", &[], &[]), need("USBSTOR", &[], &[])]),
    scsi(&[need("USBXHCI", &["ucx01000.sys"], &[]), need("USBHUB3", &[], &[]), need("UASPStor", &[], &[])]),
];

/// The ways in which a Windows of this generation can start from a controller; none where it has no driver for it.
#[must_use]
pub fn ways(controller: Controller, generation: Generation) -> &'static [Way] {
    let by = |nt5: &'static [Way], vista: &'static [Way], eight: &'static [Way]| match generation {
        Generation::Nt5 => nt5,
        Generation::Vista => vista,
        Generation::Eight => eight,
    };
    match controller {
        Controller::Ide => by(&IDE_NT5, &IDE, &IDE),
        Controller::Ahci => by(&[], &MSAHCI, &STORAHCI),
        Controller::Nvme => by(&[], &NVME, &NVME),
        Controller::VirtioBlk => by(&VIOSTOR_NT5, &VIOSTOR, &VIOSTOR),
        Controller::VirtioScsi => by(&VIOSCSI_NT5, &VIOSCSI, &VIOSCSI),
        Controller::LsiScsi => by(&SYMMPI, &LSI_SCSI, &LSI_SCSI),
        Controller::LsiSas => by(&LSI_SAS_NT5, &LSI_SAS, &LSI_SAS),
        Controller::Pvscsi => by(&PVSCSI_NT5, &PVSCSI, &PVSCSI),
        Controller::HyperV => by(&IDE_NT5, &HYPERV_VISTA, &HYPERV),
        Controller::AzureNvme => by(&[], &[], &AZURE_NVME),
        Controller::AwsNitro => by(&[], &NITRO, &NITRO),
        Controller::Xen => by(&XEN_NT5, &XEN_IDE, &XEN_IDE),
        Controller::Gce => by(&VIOSCSI_NT5, &GCE_VISTA, &GCE_VISTA),
        Controller::Usb => by(&[], &USB2, &USB3),
    }
}

const fn chained(service: &'static str, imports: &'static [&'static str], start_max: u32) -> Need {
    Need { service, imports, ids: &[], start_max }
}

/// What every start needs besides, whatever the controller: buses, disks, volumes. `ntfs` is not among them, for the loader loads the
/// file system of its own volume whatever its start value.
#[must_use]
pub const fn chain(generation: Generation) -> &'static [Need] {
    const NT5: &[Need] = &[
        chained("disk", &["classpnp.sys"], 0),
        chained("partmgr", &[], 0),
        chained("ftdisk", &[], 0),
        chained("mountmgr", &[], 0),
    ];
    const LATER: &[Need] = &[
        chained("ACPI", &[], 0),
        chained("pci", &[], 0),
        chained("disk", &["classpnp.sys"], 0),
        chained("partmgr", &[], 1),
        chained("volmgr", &[], 0),
        chained("volmgrx", &[], 0),
        chained("mountmgr", &[], 0),
        chained("volsnap", &[], 3),
    ];
    match generation {
        Generation::Nt5 => NT5,
        Generation::Vista | Generation::Eight => LATER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_controller_is_known_in_every_generation() {
        for generation in [Generation::Nt5, Generation::Vista, Generation::Eight] {
            for controller in Controller::ALL {
                for way in ways(controller, generation) {
                    assert!(!way.needs.is_empty(), "{controller}");
                    let is_bound = way.needs.iter().any(|need| !need.ids.is_empty());
                    assert!(is_bound || controller == Controller::Usb, "{controller}");
                    for id in way.needs.iter().flat_map(|need| need.ids) {
                        assert!(id.matches('\\').count() <= 1 && !id.ends_with('\\'), "{id}");
                    }
                }
                let first = ways(controller, generation).first();
                assert!(first.is_none_or(|way| !way.is_generic), "{controller}");
            }
        }
    }

    #[test]
    fn generations_differ_where_the_drivers_do() {
        let services = |controller, generation| -> Vec<&str> {
            ways(controller, generation).iter().flat_map(|way| way.needs).map(|need| need.service).collect()
        };
        assert_eq!(services(Controller::Ahci, Generation::Vista), ["msahci"]);
        assert_eq!(services(Controller::Ahci, Generation::Eight), ["storahci"]);
        assert!(services(Controller::Ahci, Generation::Nt5).is_empty());
        assert_eq!(services(Controller::LsiScsi, Generation::Nt5), ["symmpi"]);
        assert_eq!(services(Controller::AzureNvme, Generation::Eight), ["vmbus", "vpci", "stornvme"]);
        assert!(services(Controller::HyperV, Generation::Nt5).contains(&"intelide"));
    }
}
