using System.Text.Json.Nodes;
using Fathom.Documents.Tests;
using Microsoft.Playwright;

namespace Fathom.Web.Tests;

/// <summary>Documents for the page's tests, and a model that cites them.</summary>
internal static class Papers
{
    public const string Answer = "The rent is **900 euros a month** and is due on the first working day: \"900 euros a month, payable on the first working day\" [1].\n\n"
        + "It may be raised once a year [2], and the contract says \"with a notice of three months\" [1].\n\n> The tenant paints the flat in pink.\n\nSee also [1-2].";

    public static readonly byte[] Lease = Files.Pdf(
        [
            "Lease of the flat at Harbour Lane 7", "The rent of the flat is 900 euros a month, payable on the first working day.",
            "Heating and water are paid by what the meters show.", "The deposit is three rents; it is kept on an account of its own.", "Pets need the landlord's consent, except fish.",
        ],
        ["Changes of the rent", "The landlord may raise the rent once a year, with a notice of three months.", "No rise may be more than five per cent.", "The tenant may end the lease with a notice of three months."]);

    public static readonly FilePayload LeaseFile = new() { Name = "lease.pdf", MimeType = "application/pdf", Buffer = Lease };

    /// <summary>Answers from the lease where it is in the prompt; otherwise as <see cref="Replies.Script"/>.</summary>
    public static string Script(string prompt) =>
        prompt.Contains("=== lease", StringComparison.Ordinal) ? (prompt.EndsWith("<think>", StringComparison.Ordinal) ? "The lease says it.</think>" : string.Empty) + Answer : Replies.Script(prompt);

    public static FilePayload Paper(string name, string text) => new() { Name = name, MimeType = "text/plain", Buffer = Files.Utf8(text) };

    /// <summary>Attaches files and waits until they are read.</summary>
    public static async Task AttachAsync(Visit visit, params FilePayload[] files)
    {
        await visit.Page.RunAndWaitForResponseAsync(() => visit.Page.SetInputFilesAsync("#attach-file", files), response => response.Url.EndsWith("/read", StringComparison.Ordinal));
        await Assertions.Expect(visit.Page.Locator(".upload")).ToHaveCountAsync(0);
    }

    /// <summary>The conversation that is shown, as the server keeps it.</summary>
    public static async Task<JsonArray> MessagesAsync(Visit visit)
    {
        string id = (await visit.Server.GetAsync("/web/conversations"))["conversations"]![0]!["id"]!.GetValue<string>();
        return (await visit.Server.GetAsync($"/web/conversations/{id}"))["messages"]!.AsArray();
    }
}
