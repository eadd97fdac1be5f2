using System.Text.Json;

namespace Coppice.Tokenizers.PostProcessors;

/// <summary>A special token as BERT's and RoBERTa's post-processors name it.</summary>
/// <param name="Token">The token.</param>
/// <param name="Id">Its id.</param>
internal readonly record struct EdgeToken(string Token, int Id)
{
    /// <summary>Writes the token as <c>tokenizer.json</c> holds it.</summary>
    public void Write(Utf8JsonWriter writer, string name)
    {
        writer.WriteStartArray(name);
        writer.WriteStringValue(Token);
        writer.WriteNumberValue(Id);
        writer.WriteEndArray();
    }
}

/// <summary><c>BertProcessing</c>: one special token before a text, another after it.</summary>
internal class BertPostProcessor(EdgeToken first, EdgeToken last) : PostProcessor
{
    public override int? FirstId => first.Id;

    public override int? LastId => last.Id;

    public override IEnumerable<int> AddedIds => [first.Id, last.Id];

    public override TokenEncoding Process(TokenEncoding encoding, bool addSpecialTokens)
    {
        if (!addSpecialTokens) return encoding;
        var result = new TokenEncoding();
        result.Add(first.Id, first.Token, (0, 0));
        result.AddAll(encoding);
        result.Add(last.Id, last.Token, (0, 0));
        return result;
    }

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "BertProcessing");
        WriteTokens(writer);
        writer.WriteEndObject();
    }

    /// <summary>Writes the two tokens.</summary>
    protected void WriteTokens(Utf8JsonWriter writer)
    {
        last.Write(writer, "sep");
        first.Write(writer, "cls");
    }
}
