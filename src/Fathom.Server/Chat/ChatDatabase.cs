using Fathom.Checkpoints;
using Microsoft.Data.Sqlite;

namespace Fathom.Server.Chat;

/// <summary>
/// The SQLite file behind the web chat: its tables, and one connection that everybody takes in turn. It knows rows, not conversations.
/// </summary>
internal sealed class ChatDatabase : IDisposable
{
    private const long Version = 2;

    private readonly Lock turn = new();
    private readonly SqliteConnection connection;

    /// <summary>Opens a file, which is made when it is not there.</summary>
    /// <param name="path">The file; null for a database that ends with this object.</param>
    /// <exception cref="IOException">It is no database of ours, or cannot be written.</exception>
    public ChatDatabase(string? path)
    {
        if (path is not null) MakePrivate(path);
        connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path ?? ":memory:", Pooling = false }.ToString());
        try
        {
            connection.Open();
            Prepare();
        }
        catch (SqliteException exception)
        {
            connection.Dispose();
            throw new IOException($"The conversations of the web chat cannot be kept in {path ?? "memory"} ({exception.Message}); name another file with --chats.", exception);
        }
    }

    /// <summary>Changes rows.</summary>
    /// <returns>How many.</returns>
    public int Change(string sql, params (string Name, object? Value)[] values)
    {
        lock (turn)
        {
            using SqliteCommand command = Command(sql, values);
            return command.ExecuteNonQuery();
        }
    }

    /// <summary>Reads rows.</summary>
    public List<T> Read<T>(string sql, Func<SqliteDataReader, T> row, params (string Name, object? Value)[] values)
    {
        lock (turn)
        {
            using SqliteCommand command = Command(sql, values);
            using SqliteDataReader reader = command.ExecuteReader();
            var rows = new List<T>();
            while (reader.Read()) rows.Add(row(reader));
            return rows;
        }
    }

    /// <summary>Makes several changes, all or none.</summary>
    public void Together(Action change)
    {
        lock (turn)
        {
            Change("SAVEPOINT together");
            try
            {
                change();
            }
            catch
            {
                Change("ROLLBACK TO together");
                throw;
            }
            finally
            {
                Change("RELEASE together");
            }
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        lock (turn) connection.Dispose();
    }

    // Conversations are nobody else's business. SQLite gives its journal the mode of the file.
    private static void MakePrivate(string path)
    {
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { Length: > 0 } folder) Directory.CreateDirectory(folder);
            if (OperatingSystem.IsWindows() || File.Exists(path)) return;
            using var file = new FileStream(path, AtomicFile.PrivateOptions(FileMode.CreateNew));
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new IOException($"The conversations of the web chat cannot be kept in {path} ({exception.Message}); name another file with --chats.", exception);
        }
    }

    private void Prepare()
    {
        // A search shall find "Ärger" by "ärger", which SQLite's own comparison cannot.
        connection.CreateFunction("holds", (string text, string words) => text.Contains(words, StringComparison.OrdinalIgnoreCase), isDeterministic: true);
        Change("PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON");
        long version = Read("PRAGMA user_version", row => row.GetInt64(0))[0];
        if (version > Version) throw new IOException($"The file of the web chat was written by a newer Fathom (its version is {version}, this one knows {Version}); name another file with --chats.");
        if (version < 1) Change(Tables);
        if (version < 2) Together(() => Change(DocumentTables));

        // What was being written when a server ended is as good as stopped.
        Change("UPDATE messages SET state = 'stopped' WHERE state = 'writing'");
    }

    private SqliteCommand Command(string sql, (string Name, object? Value)[] values)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object? value) in values) command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        return command;
    }

    private const string Tables = """
        CREATE TABLE conversations (id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, system TEXT NOT NULL, leaf TEXT, created TEXT NOT NULL, updated TEXT NOT NULL);
        CREATE INDEX conversations_by_owner ON conversations (owner, updated);
        CREATE TABLE messages (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE, parent TEXT, role TEXT NOT NULL,
            content TEXT NOT NULL, reasoning TEXT NOT NULL, files TEXT NOT NULL, state TEXT NOT NULL, numbers TEXT, error TEXT, created TEXT NOT NULL);
        CREATE INDEX messages_by_conversation ON messages (conversation, number);
        CREATE TABLE presets (id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL);
        PRAGMA user_version = 1;
        """;

    private const string DocumentTables = """
        CREATE TABLE documents (id TEXT PRIMARY KEY, owner TEXT NOT NULL, conversation TEXT REFERENCES conversations (id) ON DELETE CASCADE, path TEXT NOT NULL, kind TEXT NOT NULL,
            pages INTEGER NOT NULL, characters INTEGER NOT NULL, bytes INTEGER NOT NULL, created TEXT NOT NULL);
        CREATE INDEX documents_by_conversation ON documents (conversation);
        CREATE INDEX documents_by_owner ON documents (owner);
        ALTER TABLE messages ADD COLUMN documents TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE messages ADD COLUMN notes TEXT NOT NULL DEFAULT '';
        ALTER TABLE messages ADD COLUMN sources TEXT;
        PRAGMA user_version = 2;
        """;
}
