using Fathom.Server.Access;
using Fathom.Server.Chat.Attaching;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Data.Sqlite;

namespace Fathom.Server.Chat;

/// <summary>The web chat as a whole: its page, its conversations and its answers.</summary>
internal sealed class WebChat : IAsyncDisposable
{
    private const int NotADatabase = 26;

    private readonly ChatDatabase database;
    private readonly ChatAnswers answers;
    private readonly ChatStore store;
    private readonly DocumentFiles documentFiles;
    private readonly DocumentStore documentStore;
    private readonly Uploads uploads;
    private readonly PageFiles files = new();

    /// <summary>Opens the file of conversations; when it cannot be written, they are kept until the server stops, and a line on stderr says so.</summary>
    /// <exception cref="IOException">The file is something else.</exception>
    public WebChat(AnswerService service)
    {
        Service = service;
        KeepsConversations = service.Options.ChatsFile is not null;
        try
        {
            database = new ChatDatabase(service.Options.ChatsFile);
        }
        catch (IOException exception) when (exception.InnerException is not SqliteException { SqliteErrorCode: NotADatabase })
        {
            // Programs do not need the page: a full disk must not keep the server from them.
            Console.Error.WriteLine($"fathom: {exception.Message} Until then conversations are forgotten when the server stops.");
            KeepsConversations = false;
            database = new ChatDatabase(null);
        }

        store = new ChatStore(database);
        answers = new ChatAnswers(service, store);
        documentFiles = new DocumentFiles(KeepsConversations ? service.Options.ChatsFile : null);
        documentStore = new DocumentStore(database, documentFiles, service.Options);
        documentStore.Sweep();
        uploads = new Uploads(documentFiles, documentStore, service.Options);
    }

    private bool KeepsConversations { get; }

    private AnswerService Service { get; }

    /// <summary>Adds its paths to a server.</summary>
    public void Map(IEndpointRouteBuilder app, WebAccess access)
    {
        files.Map(app);
        new SessionEndpoints(Service, access).Map(app);
        var documents = new ChatDocuments(Service, documentStore, documentFiles, Service.Options.PlainDocuments);
        new ChatEndpoints(Service, store, answers, documents).Map(app);
        new DocumentEndpoints(Service, store, documents).Map(app);
        new UploadEndpoints(Service, uploads).Map(app);
        new PresetEndpoints(Service, store).Map(app);
        new ModelEndpoint(Service, KeepsConversations).Map(app);
    }

    /// <summary>Sends the page.</summary>
    public Task SendPageAsync(HttpContext context)
    {
        PageFiles.Protect(context);
        return files.SendPageAsync(context);
    }

    /// <summary>Stops answers, keeps what they have, and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        await answers.DisposeAsync().ConfigureAwait(false);
        uploads.Dispose();
        database.Dispose();
        documentFiles.Dispose();
    }
}
