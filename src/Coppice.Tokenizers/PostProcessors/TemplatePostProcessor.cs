using System.Text.Json;

namespace Coppice.Tokenizers.PostProcessors;

/// <summary>One item of a template: the text's tokens, or the tokens of a special token.</summary>
/// <param name="Tokens">The tokens with their ids; null where the item is the text.</param>
internal sealed record TemplateItem(IReadOnlyList<(int Id, string Token)>? Tokens);

/// <summary><c>TemplateProcessing</c>: puts special tokens around a text.</summary>
/// <param name="items">The template for one text.</param>
/// <param name="source">The component as it was read: it also holds the template for pairs of texts, which isn't used here but kept.</param>
internal sealed class TemplatePostProcessor(IReadOnlyList<TemplateItem> items, JsonElement source) : PostProcessor
{
    public override int? FirstId => items is [{ Tokens: [var (id, _), ..] }, ..] ? id : null;

    public override int? LastId => items is [.., { Tokens: [.., var (id, _)] }] ? id : null;

    public override IEnumerable<int> AddedIds => items.SelectMany(item => item.Tokens ?? []).Select(token => token.Id);

    public override TokenEncoding Process(TokenEncoding encoding, bool addSpecialTokens)
    {
        if (!addSpecialTokens) return encoding;
        var result = new TokenEncoding();
        foreach (var item in items)
        {
            if (item.Tokens is null)
            {
                result.AddAll(encoding);
            }
            else
            {
                foreach (var (id, token) in item.Tokens) result.Add(id, token, (0, 0));
            }
        }

        return result;
    }

    public override void Write(Utf8JsonWriter writer) => source.WriteTo(writer);
}
