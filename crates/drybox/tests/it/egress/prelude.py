import errno, socket, struct, time

def name_of(code):
    return errno.errorcode.get(code, str(code))

def said(attempt):
    """What an attempt gets: its value, or the name of its error."""
    try:
        return attempt()
    except socket.gaierror as error:
        return {socket.EAI_NONAME: "NONAME", socket.EAI_AGAIN: "AGAIN", -5: "NODATA"}.get(error.errno, str(error.errno))
    except OSError as error:
        return name_of(error.errno) if error.errno else type(error).__name__

def connect(host, port, kind=socket.SOCK_STREAM):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    s = socket.socket(family, kind)
    s.settimeout(10)
    s.connect((host, port))
    return s

def ask(host, port, data):
    """Connects by name, says something, and reads to the end."""
    got = b""
    try:
        s = socket.create_connection((host, port), 10)
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        while True:
            part = s.recv(65536)
            if not part:
                return got
            got += part
    except (ConnectionError, OSError):
        return got or b"RESET"

def query(name, kind, host="198.18.0.1", extra=b"", count=1):
    """One DNS query over UDP: the response code, and the addresses."""
    labels = b"".join(bytes([len(l)]) + l for l in name) + b"\0"
    packet = struct.pack(">HHHHHH", 7, 0x100, count, 0, 0, 0) + labels + struct.pack(">HH", kind, 1) + extra
    s = connect(host, 53, socket.SOCK_DGRAM)
    s.send(packet)
    reply = s.recv(4096)
    return reply[3] & 15, struct.unpack(">H", reply[6:8])[0]
