using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server;

/// <summary>Ids of requests, answers and calls.</summary>
internal static class RequestIds
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    /// <summary>A prefix and 24 letters and digits.</summary>
    public static string New(string prefix) => prefix + RandomNumberGenerator.GetString(Letters, 24);

    /// <summary>The id of a request, which every answer carries.</summary>
    public static string Of(HttpContext context)
    {
        if (context.Items.TryGetValue(typeof(RequestIds), out object? known)) return (string)known!;
        string id = New("req_");
        context.Items[typeof(RequestIds)] = id;
        return id;
    }
}
