"""Messages of the store room, EDX-50xx."""

from __future__ import annotations

from typing import Final

from connector.errors import Text

__all__ = [
    "ALREADY_RUNNING",
    "BACKUP_NOT_HERE",
    "BODY_CHANGED",
    "BODY_MISSING",
    "CANNOT_OPEN",
    "CATALOGUE",
    "CONSTRAINT",
    "CORRUPT",
    "DATABASE_FAILED",
    "DATABASE_HELD",
    "DISK_FULL",
    "FILE_FAILED",
    "HEADS_UNREADABLE",
    "JOURNAL_EMPTIED",
    "JOURNAL_GAP",
    "JOURNAL_HEAD_LOST",
    "JOURNAL_ROW_CHANGED",
    "LOCKED",
    "MISUSE",
    "NEWER_SCHEMA",
    "NOT_DURABLE",
    "NO_HEAD_COMPARED",
    "OLDER_SCHEMA",
    "PARTS_GONE",
    "POSTGRES_EXTRA",
    "READ_ONLY",
    "ROW_DAMAGED",
    "SQLITE_TOO_OLD",
    "STORE_ABSENT",
    "STORE_LOST",
    "URL_UNKNOWN",
    "WAL_REFUSED",
]

SQLITE_TOO_OLD: Final = Text(
    "EDX-5001",
    "SQLite {found} can damage the store when several connections write; {needed} is needed",
    "SQLite {found} có thể làm hỏng kho dữ liệu khi nhiều kết nối cùng ghi; cần bản {needed}",
    "Install the package pysqlite3, which brings a newer SQLite: pip install pysqlite3",
    "Cài gói pysqlite3 có kèm SQLite mới hơn: pip install pysqlite3",
)
URL_UNKNOWN: Final = Text(
    "EDX-5002",
    "The store's address cannot be used: {address}",
    "Không dùng được địa chỉ kho dữ liệu: {address}",
    "Leave store.url empty (SQLite in state_dir), or write sqlite:///FILE or postgresql://…",
    "Bỏ trống store.url (SQLite trong state_dir), hoặc ghi sqlite:///TỆP hay postgresql://…",
)
POSTGRES_EXTRA: Final = Text(
    "EDX-5003",
    "The store is on PostgreSQL, but its driver is not installed",
    "Kho dữ liệu đặt trên PostgreSQL nhưng chưa cài trình điều khiển",
    "pip install connector[postgres]",
    "pip install connector[postgres]",
)
NEWER_SCHEMA: Final = Text(
    "EDX-5004",
    "The store was written by a newer version of the program: schema {found}, known up to {known}",
    "Kho dữ liệu do phiên bản mới hơn ghi: lược đồ {found}, bản này chỉ biết đến {known}",
    "Install the newer version again, or restore the backup made before the upgrade",
    "Cài lại phiên bản mới hơn, hoặc khôi phục bản sao lưu đã tạo trước khi nâng cấp",
)
OLDER_SCHEMA: Final = Text(
    "EDX-5005",
    "The store has the older schema {found}; this version reads {known}",
    "Kho dữ liệu còn lược đồ cũ {found}; phiên bản này đọc lược đồ {known}",
    "Restart the daemon with this version: it upgrades the store by itself",
    "Khởi động lại dịch vụ bằng phiên bản này: kho dữ liệu sẽ tự được nâng cấp",
)
STORE_ABSENT: Final = Text(
    "EDX-5006",
    "There is no store yet",
    "Chưa có kho dữ liệu",
    "Check state_dir; the store is created by the first `connector run`",
    "Kiểm tra state_dir; kho dữ liệu được tạo khi chạy `connector run` lần đầu",
)
WAL_REFUSED: Final = Text(
    "EDX-5007",
    "The file system does not allow SQLite's write-ahead log (mode is {mode})",
    "Hệ thống tệp không cho phép dùng nhật ký ghi trước của SQLite (chế độ là {mode})",
    "Put state_dir on a local disk, not on a network file system",
    "Đặt state_dir trên đĩa cục bộ, không đặt trên hệ thống tệp mạng",
)
STORE_LOST: Final = Text(
    "EDX-5008",
    "There is no store here, but {found} is there: documents in spool/ and parts/ are known only "
    "to the store that wrote them. Nothing was changed",
    "Ở đây không có kho dữ liệu, nhưng vẫn còn {found}: văn bản trong spool/ và parts/ chỉ được "
    "ghi nhận trong kho dữ liệu đã tạo ra chúng. Chưa có gì bị thay đổi",
    "Check store.url. If it is right, put store.db-wal and store.db-shm aside and restore the "
    "store (store.db or the PostgreSQL database) from the last backup. Only if the state is "
    "really to begin anew, move spool/ and parts/ away and start again",
    "Kiểm tra store.url. Nếu đúng, chuyển store.db-wal và store.db-shm sang chỗ khác rồi khôi "
    "phục kho dữ liệu (store.db hoặc cơ sở dữ liệu PostgreSQL) từ bản sao lưu gần nhất. Chỉ khi "
    "thật sự muốn bắt đầu lại từ đầu, hãy chuyển spool/ và parts/ đi nơi khác rồi khởi động lại",
)
DISK_FULL: Final = Text(
    "EDX-5010",
    "The disk is full; nothing of this step was kept",
    "Đĩa đã đầy; bước này không được lưu lại",
    "Free space on the disk of state_dir; the work goes on from where it stands",
    "Giải phóng dung lượng trên đĩa chứa state_dir; công việc sẽ tiếp tục từ chỗ đang dừng",
)
LOCKED: Final = Text(
    "EDX-5011",
    "Another process keeps the database locked",
    "Một tiến trình khác đang khoá cơ sở dữ liệu",
    "Find the other process (fuser on the file) and end it; try again",
    "Tìm tiến trình kia (fuser trên tệp) và kết thúc nó; rồi thử lại",
)
CORRUPT: Final = Text(
    "EDX-5012",
    "The database is damaged: {reason}",
    "Cơ sở dữ liệu bị hỏng: {reason}",
    "Stop the daemon, keep the file, restore the last backup; what was sent since is recognised "
    "by the receivers as a duplicate",
    "Dừng dịch vụ, giữ lại tệp, khôi phục bản sao lưu gần nhất; những gì đã gửi sau đó sẽ được "
    "bên nhận nhận ra là trùng",
)
DATABASE_FAILED: Final = Text(
    "EDX-5013",
    "The database failed: {reason}",
    "Cơ sở dữ liệu gặp lỗi: {reason}",
    "Check the disk and the system log, then restart the daemon: it continues from what is durable",
    "Kiểm tra đĩa và nhật ký hệ thống, rồi khởi động lại dịch vụ: nó tiếp tục từ phần đã lưu bền",
)
CANNOT_OPEN: Final = Text(
    "EDX-5014",
    "The database cannot be opened: {reason}",
    "Không mở được cơ sở dữ liệu: {reason}",
    "Check that the directory exists and belongs to the daemon's user",
    "Kiểm tra thư mục có tồn tại và thuộc về người dùng chạy dịch vụ",
)
READ_ONLY: Final = Text(
    "EDX-5015",
    "The database cannot be written",
    "Không ghi được vào cơ sở dữ liệu",
    "Check owner and mode of the store's file and directory, and that the disk is not read-only",
    "Kiểm tra chủ sở hữu và quyền của tệp, thư mục kho dữ liệu, và đĩa không bị gắn chỉ đọc",
)
ROW_DAMAGED: Final = Text(
    "EDX-5016",
    "The store is damaged: {column} holds {value}, which the program never writes there",
    "Kho dữ liệu bị hỏng: {column} chứa {value}, là giá trị mà chương trình không bao giờ ghi vào",
    "Stop the daemon, keep the file, restore the last backup; rows changed by hand have to be "
    "changed back",
    "Dừng dịch vụ, giữ lại tệp, khôi phục bản sao lưu gần nhất; dòng nào đã bị sửa bằng tay thì "
    "phải sửa lại như cũ",
)
BODY_MISSING: Final = Text(
    "EDX-5020",
    "The body {sha256} is not in the spool",
    "Không có nội dung {sha256} trong vùng đệm",
    "Restore the spool directory from the backup; do not delete files from it by hand",
    "Khôi phục thư mục vùng đệm từ bản sao lưu; không xoá tệp trong đó bằng tay",
)
BODY_CHANGED: Final = Text(
    "EDX-5021",
    "The body {sha256} in the spool was changed: its digest is now {found}",
    "Nội dung {sha256} trong vùng đệm đã bị thay đổi: giá trị băm hiện là {found}",
    "Check the disk; restore this file from the backup",
    "Kiểm tra đĩa; khôi phục tệp này từ bản sao lưu",
)
FILE_FAILED: Final = Text(
    "EDX-5022",
    "The file or directory failed: {reason}",
    "Tệp hoặc thư mục gặp lỗi: {reason}",
    "Check owner, mode and disk; the directory must belong to the daemon's user",
    "Kiểm tra chủ sở hữu, quyền và đĩa; thư mục phải thuộc về người dùng chạy dịch vụ",
)
PARTS_GONE: Final = Text(
    "EDX-5023",
    "Parts of a large packet are gone from {path}: it cannot become whole any more",
    "Một số phần của gói tin lớn không còn trong {path}: không thể ghép lại gói tin",
    "Ask the sender to `connector resend` the packet; do not delete files in parts/ by hand",
    "Đề nghị bên gửi `connector resend` gói tin; không xoá tệp trong parts/ bằng tay",
)
ALREADY_RUNNING: Final = Text(
    "EDX-5030",
    "Another daemon works on this state directory already (process {pid})",
    "Đã có một dịch vụ khác đang chạy trên thư mục trạng thái này (tiến trình {pid})",
    "Stop that process first, or give this one a state_dir of its own",
    "Dừng tiến trình đó trước, hoặc cấp state_dir riêng cho dịch vụ này",
)
DATABASE_HELD: Final = Text(
    "EDX-5031",
    "Another daemon works with this database already",
    "Đã có một dịch vụ khác đang làm việc với cơ sở dữ liệu này",
    "Stop it first, wherever it runs, or give this node a database of its own",
    "Dừng dịch vụ đó trước, dù chạy ở máy nào, hoặc cấp cơ sở dữ liệu riêng cho nút này",
)
NOT_DURABLE: Final = Text(
    "EDX-5032",
    "PostgreSQL runs with {setting} off: what it has committed is lost when the power fails",
    "PostgreSQL đang tắt {setting}: dữ liệu đã ghi nhận sẽ mất khi mất điện",
    "Set {setting} = on in postgresql.conf and restart PostgreSQL",
    "Đặt {setting} = on trong postgresql.conf rồi khởi động lại PostgreSQL",
)
JOURNAL_ROW_CHANGED: Final = Text(
    "EDX-5040",
    "Journal entry {seq} is not what was written",
    "Mục nhật ký {seq} không còn đúng như khi được ghi",
    "The journal was changed outside the program: keep the file, compare with a backup, "
    "report it to the person responsible for security",
    "Nhật ký bị sửa từ bên ngoài chương trình: giữ lại tệp, so với bản sao lưu, báo người "
    "phụ trách an toàn thông tin",
)
JOURNAL_GAP: Final = Text(
    "EDX-5041",
    "Journal entries {first} to {last} are missing",
    "Thiếu các mục nhật ký từ {first} đến {last}",
    "The journal was changed outside the program: keep the file, compare with a backup, "
    "report it to the person responsible for security",
    "Nhật ký bị sửa từ bên ngoài chương trình: giữ lại tệp, so với bản sao lưu, báo người "
    "phụ trách an toàn thông tin",
)
JOURNAL_HEAD_LOST: Final = Text(
    "EDX-5042",
    "The journal does not contain the head that was witnessed: {head}",
    "Nhật ký không chứa đầu chuỗi đã được chứng kiến: {head}",
    "Its end was cut off, or an old backup was restored: compare with the statuses sent since",
    "Phần cuối đã bị cắt, hoặc đã khôi phục bản sao lưu cũ: đối chiếu với các trạng thái đã gửi",
)
HEADS_UNREADABLE: Final = Text(
    "EDX-5043",
    "This is no list of witnessed heads: {reason}",
    "Đây không phải danh sách đầu chuỗi được chứng kiến: {reason}",
    "A peer makes it: connector journal heads --of CODE --json > FILE",
    "Cơ quan đối tác tạo tệp này: connector journal heads --of MÃ --json > TỆP",
)
NO_HEAD_COMPARED: Final = Text(
    "EDX-5044",
    "Nothing was compared: this file holds no head of this node's journal ({agencies})",
    "Chưa đối chiếu được gì: tệp này không có đầu chuỗi nào của nhật ký nút này ({agencies})",
    "Ask a peer that has received signed statuses from you for its file: "
    "connector journal heads --of CODE --json > FILE",
    "Xin tệp của cơ quan đã nhận trạng thái có chữ ký từ đơn vị: "
    "connector journal heads --of MÃ --json > TỆP",
)
JOURNAL_EMPTIED: Final = Text(
    "EDX-5045",
    "The journal has no entry, but the store holds packets or messages",
    "Nhật ký không có mục nào nhưng kho dữ liệu có gói tin hoặc thông điệp",
    "The journal was changed outside the program: keep the file, compare with a backup, "
    "report it to the person responsible for security",
    "Nhật ký bị sửa từ bên ngoài chương trình: giữ lại tệp, so với bản sao lưu, báo người "
    "phụ trách an toàn thông tin",
)
CONSTRAINT: Final = Text(
    "EDX-5050",
    "The database refused a row that would break a promise: {reason}",
    "Cơ sở dữ liệu từ chối một dòng vi phạm cam kết: {reason}",
    "This is a defect of the program: please report it with this message",
    "Đây là lỗi của chương trình: xin báo lại kèm thông báo này",
)
MISUSE: Final = Text(
    "EDX-5051",
    "The store was used in a way it does not allow: {reason}",
    "Kho dữ liệu bị dùng sai cách: {reason}",
    "This is a defect of the program: please report it with this message",
    "Đây là lỗi của chương trình: xin báo lại kèm thông báo này",
)
BACKUP_NOT_HERE: Final = Text(
    "EDX-5060",
    "A store on PostgreSQL is not backed up by this program",
    "Chương trình này không sao lưu kho dữ liệu đặt trên PostgreSQL",
    "Use pg_dump or the backup of your PostgreSQL server",
    "Dùng pg_dump hoặc cơ chế sao lưu của máy chủ PostgreSQL",
)

CATALOGUE: Final[tuple[Text, ...]] = (
    SQLITE_TOO_OLD,
    URL_UNKNOWN,
    POSTGRES_EXTRA,
    NEWER_SCHEMA,
    OLDER_SCHEMA,
    STORE_ABSENT,
    WAL_REFUSED,
    STORE_LOST,
    DISK_FULL,
    LOCKED,
    CORRUPT,
    DATABASE_FAILED,
    CANNOT_OPEN,
    READ_ONLY,
    ROW_DAMAGED,
    BODY_MISSING,
    BODY_CHANGED,
    FILE_FAILED,
    PARTS_GONE,
    ALREADY_RUNNING,
    DATABASE_HELD,
    NOT_DURABLE,
    JOURNAL_ROW_CHANGED,
    JOURNAL_GAP,
    JOURNAL_HEAD_LOST,
    HEADS_UNREADABLE,
    NO_HEAD_COMPARED,
    JOURNAL_EMPTIED,
    CONSTRAINT,
    MISUSE,
    BACKUP_NOT_HERE,
)
