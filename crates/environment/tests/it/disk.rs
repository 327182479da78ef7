//! Both disks do the same, in the same words.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use flott_environment::{Clock, Disk, DiskError, DiskKind, Environment, MemoryDisk};

/// Runs the test on a real folder and on one in memory.
fn on_both(test: impl Fn(&Disk, &Path)) {
    let real = Environment::real();
    let folder = real.temporary_directory(&std::env::temp_dir(), "flott-disk").expect("a temporary directory");
    test(real.disk(), folder.path());
    folder.remove().expect("removable");
    let memory = MemoryDisk::new(Clock::real()).disk();
    memory.create_dir_all(Path::new("/a/b")).expect("creatable");
    test(&memory, Path::new("/a/b"));
}

/// The message with the folder's path replaced.
fn message<T>(result: Result<T, DiskError>, folder: &Path) -> String {
    let error = result.err().expect("an error");
    error.to_string().replace(&folder.display().to_string(), "DIR")
}

#[test]
fn files_are_written_and_read_back() {
    on_both(|disk, folder| {
        let path = folder.join("x.txt");
        disk.write(&path, b"hello").expect("writable");
        let mut appended = disk.append(&path).expect("appendable");
        appended.write_all(b" world").expect("writable");
        appended.sync().expect("syncable");
        assert_eq!(disk.read_to_string(&path).expect("readable"), "hello world");
        disk.write(&path, b"short").expect("writable");
        assert_eq!(disk.read(&path).expect("readable"), b"short");

        let mut file = disk.open_read(&path).expect("readable");
        assert_eq!(file.len_bytes().expect("known"), 5);
        file.seek(SeekFrom::Start(1)).expect("seekable");
        let mut buffer = [0; 3];
        assert_eq!(file.read_at(3, &mut buffer).expect("readable"), 2);
        assert_eq!(&buffer[..2], b"rt");
        file.read_exact(&mut buffer).expect("the position is untouched");
        assert_eq!(&buffer, b"hor");
        assert_eq!(file.seek(SeekFrom::End(0)).expect("seekable"), 5);
        assert_eq!(file.read(&mut buffer).expect("the end"), 0);
        assert_eq!(file.read_at(99, &mut buffer).expect("beyond the end"), 0);
    });
}

#[test]
fn persist_replaces_a_file_and_leaves_nothing_else() {
    on_both(|disk, folder| {
        let path = folder.join("state");
        disk.persist(&path, b"one").expect("writable");
        disk.persist(&path, b"two").expect("writable");
        assert_eq!(disk.read(&path).expect("readable"), b"two");
        let names: Vec<_> = disk.list(folder).expect("listable").into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["state"]);
    });
}

#[test]
fn directories_are_listed_by_name() {
    on_both(|disk, folder| {
        for name in ["b", "a.csv", "c/d"] {
            let path = folder.join(name);
            disk.create_dir_all(path.parent().expect("has a parent")).expect("creatable");
            disk.write(&path, b"12").expect("writable");
        }
        let entries = disk.list(folder).expect("listable");
        let seen: Vec<_> = entries.iter().map(|entry| (entry.name.as_str(), entry.metadata.kind)).collect();
        assert_eq!(seen, [("a.csv", DiskKind::File), ("b", DiskKind::File), ("c", DiskKind::Directory)]);
        assert_eq!(entries[0].path, folder.join("a.csv"));
        assert_eq!(entries[0].metadata.len_bytes, 2);
        assert!(entries[0].metadata.modified_ms > 1_600_000_000_000);
        assert_eq!(disk.metadata(&folder.join("c")).expect("known").kind, DiskKind::Directory);
    });
}

#[test]
fn names_change_and_vanish() {
    on_both(|disk, folder| {
        let (old, new) = (folder.join("old"), folder.join("new"));
        disk.create_dir_all(&old.join("deep")).expect("creatable");
        disk.write(&old.join("deep/file"), b"x").expect("writable");
        disk.rename(&old, &new).expect("renamable");
        assert!(!disk.exists(&old).expect("known"));
        assert_eq!(disk.read(&new.join("deep/file")).expect("moved along"), b"x");
        disk.remove_file(&new.join("deep/file")).expect("removable");
        assert!(disk.list(&new.join("deep")).expect("listable").is_empty());
        disk.remove_dir_all(&new).expect("removable");
        assert!(!disk.exists(&new).expect("known"));
        disk.write(&old, b"1").expect("writable");
        disk.write(&new, b"2").expect("writable");
        disk.rename(&old, &new).expect("replaces a file");
        assert_eq!(disk.read(&new).expect("readable"), b"1");
    });
}

#[test]
fn errors_name_operation_path_and_reason() {
    on_both(|disk, folder| {
        let (missing, file) = (folder.join("no/y.csv"), folder.join("file"));
        disk.write(&file, b"x\xff").expect("writable");
        let said = |result: Result<(), DiskError>| message(result, folder);
        assert_eq!(said(disk.open_read(&missing).map(drop)), "cannot read DIR/no/y.csv: No such file or directory");
        assert_eq!(said(disk.create(&missing).map(drop)), "cannot create DIR/no/y.csv: No such file or directory");
        assert_eq!(said(disk.create_new(&file).map(drop)), "cannot create DIR/file: File exists");
        assert_eq!(said(disk.open_read(folder).map(drop)), "cannot read DIR: Is a directory");
        assert_eq!(said(disk.list(&file).map(drop)), "cannot list DIR/file: Not a directory");
        assert_eq!(said(disk.list(&missing).map(drop)), "cannot list DIR/no/y.csv: No such file or directory");
        assert_eq!(said(disk.remove_file(&missing)), "cannot remove DIR/no/y.csv: No such file or directory");
        assert_eq!(said(disk.rename(&missing, &file)), "cannot rename DIR/no/y.csv: No such file or directory");
        let not_text = said(disk.read_to_string(&file).map(drop));
        assert!(not_text.starts_with("cannot read DIR/file: invalid utf-8"), "{not_text}");
        assert!(disk.create_dir_all(&file.join("below")).is_err());
    });
}

#[test]
fn a_full_disk_fails_writes_and_leaves_no_partial_file_behind() {
    let memory = MemoryDisk::new(Clock::real());
    let (disk, path) = (memory.disk(), Path::new("/out.csv"));
    disk.persist(path, b"old").expect("there is room");
    memory.limit_free_bytes(Some(4));
    let error = disk.persist(path, b"far too long").expect_err("the disk is full");
    assert_eq!(error.to_string(), "cannot write /out.csv.partial: No space left on device");
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    assert_eq!(disk.read(path).expect("untouched"), b"old");
    assert_eq!(disk.list(Path::new("/")).expect("listable").len(), 1);
    disk.write(Path::new("/small"), b"1234").expect("the partial file's room is free again");
    memory.limit_free_bytes(None);
    disk.write(path, b"far too long").expect("there is room again");
}

#[test]
fn an_unreadable_file_fails_reads_until_healed() {
    let memory = MemoryDisk::new(Clock::real());
    let (disk, path) = (memory.disk(), Path::new("relative/in.csv"));
    disk.create_dir_all(Path::new("relative")).expect("creatable");
    disk.write(path, b"a,b").expect("writable");
    memory.fail_reads_of(Path::new("./relative/in.csv"));
    let mut file = disk.open_read(path).expect("opens");
    let error = file.read(&mut [0; 8]).expect_err("unreadable");
    assert_eq!(error.to_string(), "cannot read relative/in.csv: Input/output error");
    assert_eq!(disk.read(path).expect_err("unreadable").to_string(), "cannot read relative/in.csv: Input/output error");
    memory.heal();
    assert_eq!(disk.read(path).expect("healed"), b"a,b");
}
