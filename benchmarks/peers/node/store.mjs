// The tables: prepared statements of a pool, one transaction for each post, under the lock of its wallet.
import mysql from "mysql2/promise";

const WALLET = "id, label, balance, currency, sequence, metadata, created_at, updated_at";
const TRANSACTION = "id, txid, wallet_id, amount, currency, description, metadata, created_at, updated_at";
const SCALE = 18;

export class Refused extends Error {
    constructor(statusCode, code, message) {
        super(message);
        this.statusCode = statusCode;
        this.refusal = code;
    }
}

// Money is exact: an integer of the column's smallest unit.
function units(decimal) {
    const [whole, fraction = ""] = decimal.replace("-", "").split(".");
    const sum = BigInt(whole + fraction.padEnd(SCALE, "0"));
    return decimal.startsWith("-") ? -sum : sum;
}

function decimal(sum) {
    const digits = (sum < 0n ? -sum : sum).toString().padStart(SCALE + 1, "0");
    return `${sum < 0n ? "-" : ""}${digits.slice(0, -SCALE)}.${digits.slice(-SCALE)}`;
}

function now() {
    return `${new Date().toISOString().slice(0, -1).replace("T", " ")}000`;
}

export function openStore(url) {
    const { hostname, port, username, password, pathname } = new URL(url);
    const pool = mysql.createPool({
        host: hostname,
        port: Number(port),
        user: decodeURIComponent(username),
        password: decodeURIComponent(password),
        database: pathname.slice(1),
        connectionLimit: 16,
        dateStrings: true,
        charset: "utf8mb4",
    });
    pool.pool.on("connection", (connection) => connection.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"));

    async function rows(sql, values) {
        const [found] = await pool.execute(sql, values);
        return found;
    }

    return {
        close: () => pool.end(),
        wallet: async (id) => (await rows(`SELECT ${WALLET} FROM wallet WHERE id = ?`, [id]))[0],
        // Of a varying number of ids, each would be a statement to prepare.
        wallets: async (ids) => (await pool.query(`SELECT ${WALLET} FROM wallet WHERE id IN (?)`, [ids]))[0],
        count: async () => (await rows("SELECT COUNT(*) AS count FROM `transaction`", []))[0].count,
        transactions: (size, offset) =>
            rows(`SELECT ${TRANSACTION} FROM \`transaction\` ORDER BY id LIMIT ? OFFSET ?`, [`${size}`, `${offset}`]),
        transactionsAfter: (id, size) =>
            rows(`SELECT ${TRANSACTION} FROM \`transaction\` WHERE id > ? ORDER BY id LIMIT ?`, [id, `${size}`]),
        async post(walletId, { txid, amount, description = "", metadata = {} }) {
            if (!units(amount)) throw new Refused(422, "invalid_amount", "The amount of a transaction is not zero.");
            const connection = await pool.getConnection();
            try {
                await connection.beginTransaction();
                const posted = await post(connection, walletId, { txid, amount, description, metadata });
                await connection.commit();
                return posted;
            } catch (error) {
                await connection.rollback();
                if (error.code !== "ER_DUP_ENTRY") throw error;
                throw new Refused(409, "duplicate_txid", "Another transaction has this txid.");
            } finally {
                connection.release();
            }
        },
    };
}

async function post(connection, walletId, { txid, amount, description, metadata }) {
    const select = "SELECT balance, currency, sequence FROM wallet WHERE id = ? FOR UPDATE";
    const [[wallet]] = await connection.execute(select, [walletId]);
    if (wallet === undefined) throw new Refused(404, "not_found", "There is no such wallet.");
    const sum = units(wallet.balance) + units(amount);
    if (sum < 0n) throw new Refused(422, "insufficient_funds", "The balance does not cover it.");
    const [balance, sequence, at] = [decimal(sum), wallet.sequence + 1, now()];
    const update = "UPDATE wallet SET balance = ?, sequence = ?, updated_at = ? WHERE id = ?";
    await connection.execute(update, [balance, sequence, at, walletId]);
    const text = JSON.stringify(metadata);
    const [{ insertId }] = await connection.execute(
        "INSERT INTO `transaction` (txid, wallet_id, amount, currency, description, metadata, created_at, updated_at)" +
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [txid, walletId, amount, wallet.currency, description, text, at, at],
    );
    await connection.execute(
        "INSERT INTO entry (wallet_id, sequence, amount, balance_after, currency, kind, transaction_id, txid, principal," +
            " created_at) VALUES (?, ?, ?, ?, ?, 'post', ?, ?, 'anonymous', ?)",
        [walletId, sequence, amount, balance, wallet.currency, insertId, txid, at],
    );
    return {
        id: insertId, txid, wallet_id: walletId, amount: decimal(units(amount)), currency: wallet.currency, description,
        metadata: text, created_at: at, updated_at: at,
    };
}
