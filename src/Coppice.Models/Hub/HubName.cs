using System.Text.RegularExpressions;
using Coppice.Foundation;

namespace Coppice.Models.Hub;

/// <summary>A model on a hub: <c>hf:OWNER/NAME</c>, or <c>hf:OWNER/NAME@REVISION</c>.</summary>
/// <param name="Repository">The repository, <c>OWNER/NAME</c> (or the name alone, as the hub's oldest models have it).</param>
/// <param name="Revision">A branch, a tag or a commit.</param>
public sealed partial record HubName(string Repository, string Revision)
{
    private const string Prefix = "hf:";
    private const string MainBranch = "main";

    /// <summary>The name without its owner.</summary>
    public string Name => Repository[(Repository.IndexOf('/', StringComparison.Ordinal) + 1)..];

    /// <summary>Reads a name.</summary>
    /// <param name="text">The name with <c>hf:</c> in front.</param>
    /// <exception cref="CoppiceException">It is none.</exception>
    public static HubName Parse(string text)
    {
        var match = text.StartsWith(Prefix, StringComparison.Ordinal) ? Form().Match(text[Prefix.Length..]) : Match.Empty;
        if (!match.Success) throw CoppiceException.Usage($"'{text}' is no name of a model; hf:OWNER/NAME or hf:OWNER/NAME@REVISION is expected");
        return new HubName(match.Groups["repository"].Value, match.Groups["revision"] is { Success: true, Value: var revision } ? revision : MainBranch);
    }

    /// <inheritdoc/>
    public override string ToString() => Revision == MainBranch ? Prefix + Repository : $"{Prefix}{Repository}@{Revision}";

    // What the hub allows in names. No part begins with a dot, so that none leads out of a folder.
    [GeneratedRegex(@"^(?<repository>([A-Za-z0-9_-][A-Za-z0-9._-]{0,95}/)?[A-Za-z0-9_-][A-Za-z0-9._-]{0,95})(@(?<revision>[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}))?\z")]
    private static partial Regex Form();
}
