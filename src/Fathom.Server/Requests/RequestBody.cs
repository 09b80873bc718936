using System.Text;
using System.Text.Json;
using Fathom.Server.Errors;
using Fathom.Text;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server.Requests;

/// <summary>Reads the body of a request as a JSON object.</summary>
internal static class RequestBody
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads it; the content type does not matter.</summary>
    /// <exception cref="ApiException">It is no JSON object, or too large.</exception>
    public static async Task<JsonFields> ReadAsync(HttpContext context, long most)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[64 * 1024];
        try
        {
            int read;
            while ((read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted).ConfigureAwait(false)) > 0)
            {
                bytes.Write(buffer, 0, read);
                if (bytes.Length > most) throw TooLarge(most);
            }
        }
        catch (InvalidOperationException exception) when (exception.Message.Contains("maximum number of bytes", StringComparison.Ordinal))
        {
            throw TooLarge(most);
        }
        catch (Exception exception) when (exception is InvalidDataException or InvalidOperationException)
        {
            // Damaged Brotli is the latter, damaged gzip and deflate the former.
            throw ApiException.BadRequest("The body is not what its Content-Encoding says.");
        }

        JsonElement root;
        try
        {
            string text = Strict.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
            root = ChatJson.Parse(text.TrimStart('\uFEFF'), "The request's body");
        }
        catch (DecoderFallbackException)
        {
            throw ApiException.BadRequest("The request's body is not valid UTF-8.");
        }
        catch (ChatFormatException exception)
        {
            throw ApiException.BadRequest(exception.Message);
        }

        return root.ValueKind == JsonValueKind.Object ? new JsonFields(root, string.Empty) : throw ApiException.BadRequest("The request's body must be a JSON object.");
    }

    private static ApiException TooLarge(long most) => new(413, ApiException.InvalidRequest, $"The request is larger than this server accepts ({most >> 20} MiB); send less text, or raise the server's limit.");
}
