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
const APPARMOR = matching('apparmor=(?:' + (process.env.CELLBLOCK_APPARMOR || 'docker-default') + ')');
const SECCOMP_FOLDER = '/etc/engine-proxy/seccomp/';
const SECCOMP = fs.readdirSync(SECCOMP_FOLDER)
    .map(name => JSON.stringify(JSON.parse(fs.readFileSync(SECCOMP_FOLDER + name, 'utf8'))));

const LIMITED = value => Number.isInteger(value) && value > 0;  // 0 and -1 stand for no limit
const LIMITS = {Memory: LIMITED, MemorySwap: LIMITED, NanoCpus: LIMITED, PidsLimit: LIMITED};
// The engine's own list, which one in a request replaces: it may be longer, not shorter.
const MASKED = ['acpi', 'asound', 'kcore', 'keys', 'latency_stats', 'sched_debug', 'scsi',
    'timer_list', 'timer_stats'].map(name => '/proc/' + name).concat(['/sys/firmware']);
const NO_NEW_PRIVILEGES = 'no-new-privileges:true';
const TMPFS = text(/^rw,nosuid,nodev,noexec,size=[0-9]+,nr_inodes=[0-9]+,uid=1000,gid=1000,mode=0700$/);

// Of a sandbox with a way out: its agent's end of it, and where pip may put packages.
const ENVIRONMENT = /^(?:(?:HTTPS?_PROXY|https?_proxy)=http:\/\/127\.0\.0\.1:[0-9]+|PIP_TARGET=\/home\/sandbox\/packages)$/;

const CREATE = {
    Image: IMAGES,
    User: same('1000:1000'),
    Hostname: same('sandbox'),
    WorkingDir: same('/mnt/data'),
    Cmd: list(text(/^--[a-z-]+=[^\0]*$/)),  // of the image's own entry point, which stays
    Labels: object({
        'dev.cellblock.sandbox': text(/^sbx_[A-Za-z0-9_-]+$/),
        'dev.cellblock.instance': text(/^[A-Za-z0-9_-]+$/),
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
        Ulimits: list(object({
            Name: text(/^(nofile|fsize|core)$/),
            Soft: value => Number.isInteger(value) && value >= 0,
            Hard: value => Number.isInteger(value) && value >= 0,
        })),
        ShmSize: LIMITED,
        Tmpfs: object({
            '/mnt/data': TMPFS,
            '/tmp': TMPFS,
            '/home/sandbox': TMPFS,
            '/run/kernel': TMPFS,
        }),
        Mounts: mounts,
        RestartPolicy: same({Name: 'no'}),
        LogConfig: object({
            Type: same('local'),
            Config: object({compress: same('false'), 'max-file': same('1'), 'max-size': same('1m')}),
        }),
        MaskedPaths: optional(given => list(text(/^\//))(given) && MASKED.every(path => given.includes(path))),
        Runtime: optional(RUNTIMES),
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

function security(options) {
    return Array.isArray(options) && options.includes(NO_NEW_PRIVILEGES)
        && options.every(option => option === NO_NEW_PRIVILEGES || APPARMOR(option)
            || isKnownProfile(option));
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
    const folder = new RegExp('^' + STATE.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') + '/run/(sbx_' + SANDBOX + ')/(agent|inputs)$');
    const check = object({
        Type: same('bind'),
        Source: text(folder),
        Target: text(/^\/(run\/cellblock|mnt\/inputs)$/),
        ReadOnly: value => typeof value === 'boolean',
        BindOptions: same({Propagation: 'rprivate'}),
    });
    return list(check)(given) && given.every(mount =>
        mount.Source.endsWith('/agent') ? mount.Target === '/run/cellblock'
            : mount.Target === '/mnt/inputs' && mount.ReadOnly);
}

// That the name, the label and the folders are one sandbox's.
function consistent(body, name) {
    const id = body.Labels['dev.cellblock.sandbox'];
    return name === 'cellblock-' + id
        && body.HostConfig.Mounts.every(mount => mount.Source.includes('/run/' + id + '/'));
}

function creating(body, r) {
    const found = object(CREATE)(body);
    if (found !== true) {
        return found;
    }
    return consistent(body, r.args.name) || 'name, label and folders are not of one sandbox';
}

function updating(body) {
    return object(LIMITS)(body);
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
