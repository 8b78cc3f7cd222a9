// Which containers may be created, and what may be changed of them: what
// server/cellblock_server/backends/docker/options.py asks for.
//
// An allow-list: each key of a request must be one of these, each that is not optional must be
// there, and each value must pass its check. The engine reads JSON more freely than that (keys in
// any case, keys twice), so it gets what was understood here, written anew, and not what came.

import fs from 'fs';

const SANDBOX = '[A-Za-z0-9_-]+';
const STATE = process.env.CELLBLOCK_STATE_DIR || '/var/lib/cellblock';
const IMAGES = matching(process.env.CELLBLOCK_IMAGES || 'cellblock-sandbox:[A-Za-z0-9._-]+');
const RUNTIMES = matching(process.env.CELLBLOCK_RUNTIMES || 'runc');
// Docker's own name for what a container without a named runtime gets.
const UNNAMED_RUNTIME = 'runc';
const APPARMOR = matching('apparmor=(?:' + (process.env.CELLBLOCK_APPARMOR || 'docker-default') + ')');
// Without its own profile a container gets the engine's, which an operator's may be stricter than.
const NEEDS_APPARMOR = Boolean(process.env.CELLBLOCK_APPARMOR);
const MAX_MEMORY = bound('CELLBLOCK_MAX_MEMORY_BYTES', 8724152320);  // 8 GiB, and gVisor's 128 MiB
const MAX_PIDS = bound('CELLBLOCK_MAX_PIDS', 6144);  // 4096, and gVisor's 2048
const MAX_NANO_CPUS = bound('CELLBLOCK_MAX_CPUS', 8) * 1e9;
const MAX_OPEN_FILES = bound('CELLBLOCK_MAX_OPEN_FILES', 1024);
const MAX_FILE_BYTES = bound('CELLBLOCK_MAX_FILE_BYTES', 8589934592);  // 8 GiB
const SECCOMP_FOLDER = '/etc/engine-proxy/seccomp/';
const SECCOMP = fs.readdirSync(SECCOMP_FOLDER)
    .map(name => JSON.stringify(JSON.parse(fs.readFileSync(SECCOMP_FOLDER + name, 'utf8'))));

const LIMITS = {
    Memory: upTo(MAX_MEMORY),
    MemorySwap: upTo(MAX_MEMORY),  // of memory and swap together; both are compared below
    NanoCpus: upTo(MAX_NANO_CPUS),
    PidsLimit: upTo(MAX_PIDS),
};
const SHM_BYTES = 67108864;  // 64 MiB
// What docker_options.py masks, which replaces the engine's list: it may be longer, not shorter.
const MASKED = [
    'acpi', 'asound', 'buddyinfo', 'bus', 'cmdline', 'config.gz', 'diskstats', 'fs', 'interrupts',
    'iomem', 'ioports', 'irq', 'kallsyms', 'kcore', 'key-users', 'keys', 'latency_stats', 'modules',
    'pagetypeinfo', 'partitions', 'pressure', 'sched_debug', 'schedstat', 'scsi', 'slabinfo',
    'softirqs', 'timer_list', 'timer_stats', 'vmallocinfo', 'zoneinfo',
].map(name => '/proc/' + name).concat([
    '/sys/devices/virtual/dmi', '/sys/devices/virtual/powercap', '/sys/firmware',
]);
const NO_NEW_PRIVILEGES = 'no-new-privileges:true';
const TMPFS = /^rw,nosuid,nodev,noexec,size=([0-9]+),nr_inodes=([0-9]+),uid=([0-9]+),gid=([0-9]+),mode=0700$/;
const USERS = /^([0-9]+)-([0-9]+)$/.exec(process.env.CELLBLOCK_SANDBOX_USERS || '40000-44095');
const BYTES_PER_INODE = 16384;
const MIN_INODES = 1024;
const ULIMITS = {nofile: MAX_OPEN_FILES, fsize: MAX_FILE_BYTES, core: 1};

// Of a sandbox with a way out: its agent's end of it, and where pip may put packages.
const ENVIRONMENT = /^(?:(?:HTTPS?_PROXY|https?_proxy)=http:\/\/127\.0\.0\.1:[0-9]+|PIP_TARGET=\/home\/sandbox\/packages)$/;

const CREATE = {
    Image: IMAGES,
    User: text(/^([0-9]+):\1$/),  // within USERS, which is checked below
    Hostname: same('sandbox'),
    WorkingDir: same('/mnt/data'),
    NetworkDisabled: optional(same(true)),  // without it there is `NetworkMode`
    Cmd: list(text(/^--[a-z-]+=[^\0]*$/)),  // of the image's own entry point, which stays
    Labels: object({
        'dev.cellblock.sandbox': text(/^sbx_[A-Za-z0-9_-]+$/),
        'dev.cellblock.instance': text(/^[A-Za-z0-9_-]+$/),
        'dev.cellblock.user': text(/^[0-9]+$/),
        'dev.cellblock.egress': optional(same('proxy')),
    }),
    Env: optional(list(text(ENVIRONMENT))),
    HostConfig: object(Object.assign({
        NetworkMode: same('none'),
        CapDrop: same(['ALL']),
        SecurityOpt: security,
        ReadonlyRootfs: same(true),
        IpcMode: same('private'),
        CgroupnsMode: same('private'),
        Ulimits: ulimits,
        ShmSize: upTo(SHM_BYTES),
        Tmpfs: object({
            '/mnt/data': tmpfs,
            '/tmp': tmpfs,
            '/home/sandbox': tmpfs,
            '/run/kernel': tmpfs,
        }),
        Mounts: mounts,
        RestartPolicy: same({Name: 'no'}),
        LogConfig: object({
            Type: same('local'),
            Config: object({compress: same('false'), 'max-file': same('1'), 'max-size': same('1m')}),
        }),
        MaskedPaths: given => list(text(/^\//))(given) && MASKED.every(path => given.includes(path)),
        Runtime: optional(RUNTIMES),  // one that is not named is checked below
    }, LIMITS)),
};

// A check takes a value and says whether it may pass: true, or not true. An object's says where
// the fault is, as text.

function same(wanted) {
    return value => JSON.stringify(value) === JSON.stringify(wanted);
}

function text(pattern) {
    return value => typeof value === 'string' && pattern.test(value);
}

function matching(alternatives) {
    return text(new RegExp('^(?:' + alternatives + ')$'));
}

// A bound that the operator has set. One that is no number over 0 lets nothing pass.
function bound(name, usual) {
    const value = Number(process.env[name] || usual);
    return value > 0 ? value : 0;
}

function upTo(most) {
    // 0 and -1 stand for no limit.
    return value => Number.isInteger(value) && value > 0
        && (value <= most || 'is more than the ' + most + ' that the operator allows');
}

function list(check) {
    return value => Array.isArray(value) && value.every(item => check(item) === true);
}

function optional(check) {
    const one = value => check(value);
    one.optional = true;
    return one;
}

function object(shape) {
    return value => {
        if (value === null || typeof value !== 'object' || Array.isArray(value)) {
            return 'is not an object';
        }
        const given = Object.keys(value);  // its own: what it inherits is not written to the engine
        const unknown = given.find(key => !Object.keys(shape).includes(key));
        if (unknown !== undefined) {
            return unknown + ' is not allowed';
        }
        const missing = Object.keys(shape).find(key => !shape[key].optional && !given.includes(key));
        if (missing !== undefined) {
            return missing + ' is missing';
        }
        return given.map(key => fault(key, shape[key](value[key]))).find(Boolean) || true;
    };
}

function fault(key, found) {
    if (found === true) {
        return '';
    }
    return typeof found === 'string' ? key + ': ' + found : key + ' is not allowed';
}

// Each of them once: what is left out would be replaced by the engine's default.
function security(options) {
    if (!Array.isArray(options)) {
        return false;
    }
    const seccomp = options.filter(isKnownProfile);
    const apparmor = options.filter(option => APPARMOR(option));
    if (seccomp.length === 0) {
        return 'a seccomp profile that the operator allows is missing';
    }
    if (apparmor.length === 0 && NEEDS_APPARMOR) {
        return 'the AppArmor profile that the operator asks for is missing';
    }
    return options.includes(NO_NEW_PRIVILEGES) && apparmor.length <= 1 && seccomp.length === 1
        && options.length === 1 + apparmor.length + seccomp.length;
}

function ulimits(given) {
    const one = object({
        Name: text(/^(nofile|fsize|core)$/),
        Soft: value => Number.isInteger(value) && value > 0,
        Hard: value => Number.isInteger(value) && value > 0,
    });
    return list(one)(given) && given.length === Object.keys(ULIMITS).length
        && Object.keys(ULIMITS).every(name => given.some(limit => limit.Name === name
            && limit.Soft <= limit.Hard && limit.Hard <= ULIMITS[name]));
}

function tmpfs(options) {
    const found = typeof options === 'string' && TMPFS.exec(options);
    if (!found) {
        return false;
    }
    const size = Number(found[1]);
    const inodes = Number(found[2]);
    return size > 0 && size <= MAX_MEMORY && inodes > 0
        && inodes <= Math.max(MIN_INODES, size / BYTES_PER_INODE);
}

function withoutSwap(limits) {
    return limits.Memory === limits.MemorySwap || 'MemorySwap must be as much as Memory';
}

// A profile is sent whole, as JSON, so it must be one that the operator has put here.
function isKnownProfile(option) {
    if (typeof option !== 'string' || !option.startsWith('seccomp={')) {
        return false;
    }
    return SECCOMP.includes(JSON.stringify(JSON.parse(option.slice('seccomp='.length))));
}

// The two folders of one sandbox, and nothing else of the host.
function mounts(given) {
    const folder = new RegExp('^' + STATE.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') + '/run/(sbx_' + SANDBOX + ')/(agent|inputs|hosts)$');
    const check = object({
        Type: same('bind'),
        Source: text(folder),
        Target: text(/^\/(run\/cellblock|mnt\/inputs|etc\/hosts)$/),
        ReadOnly: value => typeof value === 'boolean',
        BindOptions: same({Propagation: 'rprivate'}),
    });
    return list(check)(given) && given.every(mount =>
        mount.Source.endsWith('/agent') ? mount.Target === '/run/cellblock'
            : mount.Target === (mount.Source.endsWith('/inputs') ? '/mnt/inputs' : '/etc/hosts') && mount.ReadOnly);
}

// That the name, the label and the folders are one sandbox's.
function consistent(body, name) {
    const id = body.Labels['dev.cellblock.sandbox'];
    const user = body.Labels['dev.cellblock.user'];
    const folders = Object.keys(body.HostConfig.Tmpfs).map(path => body.HostConfig.Tmpfs[path]);
    return name === 'cellblock-' + id
        && body.User === user + ':' + user
        && folders.every(options => options.includes(',uid=' + user + ',gid=' + user + ','))
        && body.HostConfig.Mounts.every(mount => mount.Source.includes('/run/' + id + '/'));
}

function creating(body, r) {
    const found = object(CREATE)(body);
    if (found !== true) {
        return found;
    }
    if (body.HostConfig.Runtime === undefined && !RUNTIMES(UNNAMED_RUNTIME)) {
        return 'Runtime is missing: the operator allows only some by name';
    }
    const user = Number(body.User.split(':')[0]);
    if (!USERS || user < Number(USERS[1]) || user > Number(USERS[2])) {
        return 'User is not among those that the operator allows';
    }
    const limited = withoutSwap(body.HostConfig);
    if (limited !== true) {
        return limited;
    }
    return consistent(body, r.args.name) || 'name, labels, user and folders are not of one sandbox';
}

function updating(body) {
    const found = object(LIMITS)(body);
    return found === true ? withoutSwap(body) : found;
}

function refuse(r, why) {
    r.variables.refusal = why.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
    r.return(403, JSON.stringify({message: 'the engine proxy does not allow this: ' + why}) + '\n');
}

// Hands on what a check has let through, as it was understood here.
function checked(check) {
    return r => {
        let body;
        let found;
        try {
            body = JSON.parse(r.requestText);
            found = check(body, r);
        } catch (error) {
            found = 'not JSON: ' + error.message;
        }
        if (found !== true) {
            refuse(r, found);
            return;
        }
        r.subrequest('/checked', {method: 'POST', body: JSON.stringify(body)}, reply => {
            r.headersOut['Content-Type'] = 'application/json';
            r.return(reply.status, reply.responseText);
        });
    };
}

export default {create: checked(creating), update: checked(updating)};
