using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Server.Errors;
using Fathom.Server.Requests;
using Fathom.Server.Streams;
using Fathom.Text;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server.Dialects.Responses;

/// <summary>POST /v1/responses.</summary>
internal sealed class ResponsesEndpoint(AnswerService service)
{
    /// <summary>Answers.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        JsonFields fields = await service.ReadBodyAsync(context).ConfigureAwait(false);
        ChatCall call = ResponsesRequest.Read(fields, service.Requests);
        var writer = new ResponseWriter(context, call, ResponsesRequest.Echo(fields, call), service.Model.Tokenizer);
        await service.RunAsync(context, Dialect.OpenAI, call, _ => call.Streams ? writer : writer.Whole()).ConfigureAwait(false);
    }

    /// <summary>Writes a response, as a stream or in one piece.</summary>
    private sealed class ResponseWriter : IAnswerWriter
    {
        // Some clients take only real events for a sign of life.
        private static readonly TimeSpan Repeat = TimeSpan.FromSeconds(30);

        private readonly HttpContext context;
        private readonly EventStream stream;
        private readonly ResponseBuilder builder;
        private readonly JsonObject echo;
        private readonly string id = RequestIds.New("resp_");
        private readonly long created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        private long lastEvent = Environment.TickCount64;
        private int sequence;

        public ResponseWriter(HttpContext context, ChatCall call, JsonObject echo, Tokenizer tokenizer)
        {
            this.context = context;
            this.echo = echo;
            stream = new EventStream(context);
            builder = new ResponseBuilder(call, tokenizer, call.Streams ? SendAsync : (_, _) => Task.CompletedTask);
        }

        public IAnswerWriter Whole() => new Collecting(this);

        public async Task StartAsync()
        {
            await stream.StartAsync().ConfigureAwait(false);
            await SendAsync("response.created", new JsonObject { ["response"] = Head() }).ConfigureAwait(false);
            await SendAsync("response.in_progress", new JsonObject { ["response"] = Head() }).ConfigureAwait(false);
        }

        public Task WriteAsync(int choice, CompletionEvent happened) => builder.ReadAsync(happened);

        public Task BeatAsync() => Environment.TickCount64 - lastEvent > Repeat.TotalMilliseconds
            ? SendAsync("response.in_progress", new JsonObject { ["response"] = Head() })
            : stream.SendCommentAsync("keep-alive");

        public Task EndAsync(IReadOnlyList<GenerationCompleted> completed)
        {
            JsonObject body = Finished(completed[0]);
            return SendAsync(completed[0].FinishReason == FinishReason.Length ? "response.incomplete" : "response.completed", new JsonObject { ["response"] = body });
        }

        public Task FailAsync(ApiException error)
        {
            JsonObject body = Head();
            body["status"] = "failed";
            body["error"] = new JsonObject { ["code"] = error.Code ?? error.Type, ["message"] = error.Message };
            return SendAsync("response.failed", new JsonObject { ["response"] = body });
        }

        private JsonObject Head() => ResponseBodies.Head(id, created, "in_progress", echo);

        private JsonObject Finished(GenerationCompleted completed) => ResponseBodies.Finish(Head(), builder.Output(completed.FinishReason == FinishReason.Length), completed);

        private Task SendAsync(string type, JsonObject fields)
        {
            lastEvent = Environment.TickCount64;
            var data = new JsonObject { ["type"] = type, ["sequence_number"] = sequence++ };
            foreach ((string name, JsonNode? value) in fields.ToList())
            {
                fields.Remove(name);
                data[name] = value;
            }

            return stream.SendAsync(data, type);
        }

        private sealed class Collecting(ResponseWriter writer) : IAnswerWriter
        {
            private readonly WholeWriter whole = new(writer.context, Dialect.OpenAI, (completed, _) => writer.Finished(completed[0]));

            public Task StartAsync() => whole.StartAsync();

            public async Task WriteAsync(int choice, CompletionEvent happened)
            {
                await writer.builder.ReadAsync(happened).ConfigureAwait(false);
                await whole.WriteAsync(choice, happened).ConfigureAwait(false);
            }

            public Task BeatAsync() => whole.BeatAsync();

            public Task EndAsync(IReadOnlyList<GenerationCompleted> completed) => whole.EndAsync(completed);

            public Task FailAsync(ApiException error) => whole.FailAsync(error);
        }
    }
}
