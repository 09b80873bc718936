using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace Fathom.Server.Access;

/// <summary>One answered request: numbers only.</summary>
/// <param name="Time">When it was answered.</param>
/// <param name="RequestId">Its id.</param>
/// <param name="Key">The name of its key; empty without keys.</param>
/// <param name="Path">What was asked for.</param>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="CachedTokens">Of these, tokens from the cache.</param>
/// <param name="AnswerTokens">Tokens of the answers.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Price">What the same tokens would have cost elsewhere, in US dollars.</param>
public sealed record UsageRecord(DateTimeOffset Time, string RequestId, string Key, string Path, int PromptTokens, int CachedTokens, int AnswerTokens, double Seconds, double Price);

/// <summary>Sums of one key on one day.</summary>
/// <param name="Day">The day, as 2026-11-25.</param>
/// <param name="Key">The name of the key.</param>
/// <param name="Requests">Requests.</param>
/// <param name="PromptTokens">Tokens of prompts.</param>
/// <param name="CachedTokens">Of these, tokens from the cache.</param>
/// <param name="AnswerTokens">Tokens of answers.</param>
/// <param name="Price">What they would have cost elsewhere, in US dollars.</param>
public sealed record UsageSum(string Day, string Key, long Requests, long PromptTokens, long CachedTokens, long AnswerTokens, double Price);

/// <summary>Notes answered requests in a SQLite file, in the background.</summary>
public sealed class UsageLog : IAsyncDisposable
{
    private readonly string connectionString;
    private readonly Channel<UsageRecord> records = Channel.CreateUnbounded<UsageRecord>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task writer;
    private readonly Action<string> notice;

    /// <summary>Opens a file, which is made when it is not there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="notice">Receives what goes wrong later.</param>
    /// <exception cref="SqliteException">It is no database, or cannot be written.</exception>
    public UsageLog(string path, Action<string> notice)
    {
        this.notice = notice;
        connectionString = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString();
        using SqliteConnection connection = Open();
        using SqliteCommand create = connection.CreateCommand();
        create.CommandText = """
            PRAGMA journal_mode = WAL;
            CREATE TABLE IF NOT EXISTS requests (time TEXT NOT NULL, id TEXT NOT NULL, key TEXT NOT NULL, path TEXT NOT NULL, prompt INTEGER NOT NULL, cached INTEGER NOT NULL, answer INTEGER NOT NULL, seconds REAL NOT NULL, price REAL NOT NULL);
            CREATE INDEX IF NOT EXISTS requests_by_time ON requests (time);
            """;
        create.ExecuteNonQuery();
        writer = Task.Run(WriteAsync);
    }

    /// <summary>Notes a request.</summary>
    public void Add(UsageRecord record) => records.Writer.TryWrite(record);

    /// <summary>Sums by day and key, the newest day first.</summary>
    public IReadOnlyList<UsageSum> Sums()
    {
        using SqliteConnection connection = Open();
        using SqliteCommand query = connection.CreateCommand();
        query.CommandText = "SELECT substr(time, 1, 10), key, count(*), sum(prompt), sum(cached), sum(answer), sum(price) FROM requests GROUP BY 1, 2 ORDER BY 1 DESC, 2";
        using SqliteDataReader reader = query.ExecuteReader();
        var sums = new List<UsageSum>();
        while (reader.Read()) sums.Add(new UsageSum(reader.GetString(0), reader.GetString(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetDouble(6)));
        return sums;
    }

    /// <summary>Writes what still waits.</summary>
    public async ValueTask DisposeAsync()
    {
        records.Writer.TryComplete();
        await writer.ConfigureAwait(false);
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(connectionString);
        connection.Open();
        return connection;
    }

    private async Task WriteAsync()
    {
        while (await records.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            try
            {
                await using SqliteConnection connection = Open();
                await using SqliteTransaction transaction = connection.BeginTransaction();
                while (records.Reader.TryRead(out UsageRecord? record)) Insert(connection, transaction, record);
                transaction.Commit();
            }
            catch (SqliteException exception)
            {
                notice($"The usage log cannot be written ({exception.Message}); some requests are not in it.");
            }
        }
    }

    private static void Insert(SqliteConnection connection, SqliteTransaction transaction, UsageRecord record)
    {
        using SqliteCommand insert = connection.CreateCommand();
        insert.Transaction = transaction;
        insert.CommandText = "INSERT INTO requests VALUES ($time, $id, $key, $path, $prompt, $cached, $answer, $seconds, $price)";
        insert.Parameters.AddWithValue("$time", record.Time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", System.Globalization.CultureInfo.InvariantCulture));
        insert.Parameters.AddWithValue("$id", record.RequestId);
        insert.Parameters.AddWithValue("$key", record.Key);
        insert.Parameters.AddWithValue("$path", record.Path);
        insert.Parameters.AddWithValue("$prompt", record.PromptTokens);
        insert.Parameters.AddWithValue("$cached", record.CachedTokens);
        insert.Parameters.AddWithValue("$answer", record.AnswerTokens);
        insert.Parameters.AddWithValue("$seconds", record.Seconds);
        insert.Parameters.AddWithValue("$price", record.Price);
        insert.ExecuteNonQuery();
    }
}
