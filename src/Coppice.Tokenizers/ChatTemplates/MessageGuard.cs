using System.Text;
using Coppice.Foundation;

namespace Coppice.Tokenizers.ChatTemplates;

/// <summary>
/// Messages in which no special token can be seen: the character that one would begin with is replaced by a stand-in that occurs nowhere else, so that
/// whatever a template does with the content, what it writes can be told from what a user spelt. The tokenizer puts the character back where it looks for
/// special tokens no longer.
/// </summary>
internal sealed class MessageGuard
{
    // Braille patterns: characters that no normaliser changes or takes away, and that texts with special tokens in them hardly ever have.
    private const char FirstStandIn = '\u2800';
    private const char LastStandIn = '\u28FF';

    private readonly Dictionary<char, List<string>> _tokens;
    private readonly Dictionary<char, char> _standIns = [];
    private readonly Dictionary<char, char> _characters = [];
    private readonly Queue<char> _free;

    /// <summary>Replaces what special tokens in messages begin with.</summary>
    /// <param name="specialTokens">The special tokens.</param>
    /// <param name="template">The template's source.</param>
    /// <param name="messages">The messages.</param>
    public MessageGuard(IEnumerable<string> specialTokens, string template, IReadOnlyList<ChatMessage> messages)
    {
        _tokens = specialTokens.Where(token => token.Length > 0).SelectMany(token => new[] { char.ToLowerInvariant(token[0]), char.ToUpperInvariant(token[0]) }.Distinct().Select(first => (first, token)))
            .GroupBy(pair => pair.first, pair => pair.token).ToDictionary(group => group.Key, group => group.ToList());
        var used = messages.Select(message => message.Content).Append(template).SelectMany(text => text).Where(c => c is >= FirstStandIn and <= LastStandIn).ToHashSet();
        _free = new Queue<char>(Enumerable.Range(FirstStandIn, LastStandIn - FirstStandIn + 1).Select(code => (char)code).Where(c => !used.Contains(c)));
        Messages = [.. messages.Select(message => message with { Content = Guard(message.Content) })];
    }

    /// <summary>The messages with stand-ins.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; }

    /// <summary>The characters by their stand-ins.</summary>
    public IReadOnlyDictionary<char, char> Characters => _characters;

    private string Guard(string content)
    {
        StringBuilder? guarded = null;
        for (var i = 0; i < content.Length; i++)
        {
            if (!_tokens.TryGetValue(content[i], out var tokens) || !tokens.Any(token => Begins(content.AsSpan(i), token))) continue;
            guarded ??= new StringBuilder(content);
            guarded[i] = StandIn(content[i]);
        }

        return guarded?.ToString() ?? content;
    }

    // Also where the rest of the token could come from what a template writes next, or where a template changes the case.
    private static bool Begins(ReadOnlySpan<char> rest, string token) =>
        rest.StartsWith(token, StringComparison.OrdinalIgnoreCase) || token.AsSpan().StartsWith(rest, StringComparison.OrdinalIgnoreCase);

    private char StandIn(char character)
    {
        if (_standIns.TryGetValue(character, out var standIn)) return standIn;
        if (!_free.TryDequeue(out standIn)) throw CoppiceException.Usage("the messages spell special tokens beside every Braille pattern there is; take either out");
        _standIns.Add(character, standIn);
        _characters.Add(standIn, character);
        return standIn;
    }
}
