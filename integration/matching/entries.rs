//! The objects of a store, as Windows writes them on a machine as it is then.

use bcdrescue::bcd::ElementId as Id;
use bcdrescue::bcd::ElementValue as Value;
use bcdrescue::bcd::ObjectType;
use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::bcd::object_id;
use bcdrescue::guid::Guid;

use crate::matching::machine::Machine;
use crate::matching::store::DeviceSpec;
use crate::matching::store::Name;
use crate::matching::store::ObjectSpec;
use crate::matching::store::Role;
use crate::matching::store::StoreSpec;
use crate::matching::store::Variable;
use crate::matching::volume::VHD_FILE;
use crate::matching::volume_id::VolumeId;

/// Writes objects into a store for a machine as it is now.
pub struct Writer<'a> {
    machine: &'a Machine,
    is_uefi: bool,
    store: StoreSpec,
}

impl<'a> Writer<'a> {
    /// An empty store.
    pub fn new(machine: &'a Machine, path: &'static str) -> Self {
        let store = StoreSpec { path, objects: Vec::new(), names: Vec::new() };
        Self { machine, is_uefi: path.contains("EFI"), store }
    }

    /// What came out.
    pub fn done(self) -> StoreSpec {
        self.store
    }

    fn ending(&self) -> &'static str {
        if self.is_uefi { "efi" } else { "exe" }
    }

    fn object(&mut self, id: Guid, kind: ObjectType, description: &str) -> usize {
        let plain = vec![(Id::DESCRIPTION, Value::String(description.into()))];
        self.store.objects.push(ObjectSpec { id, kind, plain, devices: Vec::new(), variable: None });
        self.store.objects.len() - 1
    }

    fn text(&mut self, object: usize, id: Id, text: &str) {
        self.store.objects[object].plain.push((id, Value::String(text.into())));
    }

    fn value(&mut self, object: usize, id: Id, value: Value) {
        self.store.objects[object].plain.push((id, value));
    }

    /// A name of the volume by its present identity.
    fn name(&mut self, object: usize, element: Id, role: Role, on: VolumeId, file: &str) -> usize {
        let named = self.machine.identity(on).expect("a volume on a disk");
        let file = (!file.is_empty()).then(|| file.to_owned());
        let object = self.store.objects[object].id;
        self.store.names.push(Name {
            meant: Some(on),
            named,
            role,
            file,
            entry: None,
            object,
            element,
            record: 0,
        });
        self.store.names.len() - 1
    }

    fn partition(&mut self, object: usize, element: Id, role: Role, on: VolumeId, file: &str) {
        let name = self.name(object, element, role, on, file);
        self.store.objects[object].devices.push((element, DeviceSpec::Partition(name)));
    }

    /// {bootmgr}, and what it starts.
    pub fn boot_manager(&mut self, system: VolumeId, by_partition: bool, order: &[Guid]) {
        let manager = self.object(object_id::BOOTMGR, ObjectType::BOOT_MANAGER, "Windows Boot Manager");
        let file = if self.is_uefi { r"\EFI\Microsoft\Boot\bootmgfw.efi" } else { r"\bootmgr" };
        if self.is_uefi {
            self.text(manager, Id::PATH, file);
        }
        match by_partition {
            true => self.partition(manager, Id::DEVICE, Role::System, system, file),
            false => self.store.objects[manager].devices.push((Id::DEVICE, DeviceSpec::Boot)),
        }
        if let Some(first) = order.first() {
            self.value(manager, Id::DEFAULT, Value::Object(*first));
            self.value(manager, Id::DISPLAY_ORDER, Value::ObjectList(order.to_vec()));
        }
    }

    /// {memdiag}.
    pub fn memory_test(&mut self, system: VolumeId) {
        let test = self.object(object_id::MEMDIAG, ObjectType::MEMDIAG, "Windows Memory Diagnostic");
        let file = if self.is_uefi { r"\EFI\Microsoft\Boot\memtest.efi" } else { r"\boot\memtest.exe" };
        self.text(test, Id::PATH, file);
        self.partition(test, Id::DEVICE, Role::System, system, file);
    }

    /// {ntldr}.
    pub fn ntldr(&mut self, on: VolumeId) {
        let ntldr = self.object(object_id::NTLDR, ObjectType::NTLDR, "Earlier Version of Windows");
        self.text(ntldr, Id::PATH, r"\ntldr");
        self.partition(ntldr, Id::DEVICE, Role::Ntldr, on, r"\ntldr");
    }

    /// A Windows with its resume object.
    pub fn windows(&mut self, entry: Guid, resume: Guid, on: VolumeId, recovery: Option<Guid>) {
        let first = self.store.names.len();
        let description = self.machine.volumes[on].name.clone();
        let (ending, loader) = (self.ending(), self.object(entry, ObjectType::OS_LOADER, &description));
        let path = format!(r"\Windows\system32\winload.{ending}");
        self.text(loader, Id::PATH, &path);
        self.text(loader, Id::SYSTEM_ROOT, r"\Windows");
        self.partition(loader, Id::DEVICE, Role::Loader, on, &path);
        self.partition(loader, Id::OS_DEVICE, Role::OsRoot, on, r"\Windows");
        self.value(loader, Id::RESUME_OBJECT, Value::Object(resume));
        if let Some(recovery) = recovery {
            self.value(loader, Id::RECOVERY_SEQUENCE, Value::ObjectList(vec![recovery]));
        }
        let object = self.object(resume, ObjectType::RESUME, "Windows Resume Application");
        let path = format!(r"\Windows\system32\winresume.{ending}");
        self.text(object, Id::PATH, &path);
        self.text(object, Id::FILE_PATH, r"\hiberfil.sys");
        for element in [Id::DEVICE, Id::FILE_DEVICE, Id::RESUME_DEVICE_26] {
            self.partition(object, element, Role::Resume, on, &path);
        }
        self.belongs_to(first, entry);
    }

    fn belongs_to(&mut self, first: usize, entry: Guid) {
        self.store.names[first..].iter_mut().for_each(|name| name.entry = Some(entry));
    }

    /// A recovery environment with the options of its RAM disk.
    pub fn recovery(&mut self, entry: Guid, options: Guid, on: VolumeId, folder: &str) {
        let first = self.store.names.len();
        let loader = self.object(entry, ObjectType::OS_LOADER, "Windows Recovery Environment");
        let path = format!(r"\windows\system32\winload.{}", self.ending());
        self.text(loader, Id::PATH, &path);
        self.text(loader, Id::SYSTEM_ROOT, r"\windows");
        self.value(loader, Id::WINPE, Value::Boolean(true));
        let image = format!(r"{folder}\Winre.wim");
        for element in [Id::DEVICE, Id::OS_DEVICE] {
            let name = self.name(loader, element, Role::Image, on, &image);
            let device = DeviceSpec::Ramdisk(name, options, image.clone());
            self.store.objects[loader].devices.push((element, device));
        }
        let object = self.object(options, ObjectType::DEVICE, "Ramdisk Options");
        let sdi = format!(r"{folder}\boot.sdi");
        self.text(object, Id::RAMDISK_SDI_PATH, &sdi);
        self.partition(object, Id::RAMDISK_SDI_DEVICE, Role::Sdi, on, &sdi);
        self.belongs_to(first, entry);
    }

    /// A Windows in a virtual disk; the partition in there may have the identity of one of these disks.
    pub fn virtual_disk(&mut self, entry: Guid, host: VolumeId, inner: QualifiedPartition) {
        let first = self.store.names.len();
        let loader = self.object(entry, ObjectType::OS_LOADER, "Windows in a virtual disk");
        self.text(loader, Id::PATH, &format!(r"\Windows\system32\winload.{}", self.ending()));
        self.text(loader, Id::SYSTEM_ROOT, r"\Windows");
        for element in [Id::DEVICE, Id::OS_DEVICE] {
            let within = self.name(loader, element, Role::Inner, host, "");
            self.store.names[within].meant = None;
            self.store.names[within].named = inner;
            let on = self.name(loader, element, Role::Image, host, VHD_FILE);
            self.store.names[on].record = 1;
            let device = DeviceSpec::Vhd(within, on, VHD_FILE.into());
            self.store.objects[loader].devices.push((element, device));
        }
        self.belongs_to(first, entry);
    }

    /// An entry of the firmware for a boot manager on a GPT disk; with `of_manager` the copy that {bootmgr} has.
    pub fn firmware(&mut self, entry: Guid, on: VolumeId, of_manager: bool) {
        let (disk, part) = self.machine.place(on).expect("a volume on a disk");
        let disk = &self.machine.disks[disk];
        let number = disk.number(part);
        let part = &disk.parts[part];
        let node = (number, part.start / 512, part.len / 512, part.guid);
        if of_manager {
            let variable = Variable { id: 0, meant: Some(on), node };
            let manager = self.store.objects.iter_mut().find(|object| object.id == object_id::BOOTMGR);
            manager.expect("{bootmgr}").variable = Some(variable);
            return;
        }
        let object = self.object(entry, ObjectType::FIRMWARE_APPLICATION, "UEFI OS");
        self.store.objects[object].variable = Some(Variable { id: 1, meant: Some(on), node });
        self.partition(object, Id::DEVICE, Role::Firmware, on, "");
    }
}
