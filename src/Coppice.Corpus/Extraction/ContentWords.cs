using System.Collections.Frozen;

namespace Coppice.Corpus.Extraction;

/// <summary>What names of elements say for them: where content systems put the text of an article, the article, the middle of the page.</summary>
internal static class ContentWords
{
    private static readonly string[] Subjects =
        ["article", "post", "entry", "story", "news", "blog", "single", "artikel", "beitrag", "noticia", "nota", "articolo", "detail", "art", "message", "press"];

    private static readonly string[] Bodies = ["content", "body", "text", "copy", "inhalt", "cuerpo", "corps", "testo", "texto", "texte", "tekst", "contenido", "contenu", "fulltext"];

    private static readonly FrozenSet<string> BodyTokens = Combined().Concat(
    [
        "fliesstext", "cuerponoticia", "corpsarticle", "textearticle", "testoarticolo", "contenutoarticolo", "textonoticia", "fulltext", "mwparseroutput", "mwcontenttext",
        "markdownbody", "richtext", "fieldnamebody", "theiapostcontent", "articlemain", "storymain", "postbodycontent", "thecontent", "posttextcontent", "fieldsnamebody",
        "articleparagraphs", "bodycopy", "prose", "stcontent", "entrybodytext", "newsarticlebody", "articlebodycontent", "tdpostcontent", "singlepostcontent", "postsinglecontent",
        "ceparagraph", "newstextwrap", "textcontent", "textbody", "fieldbody", "documentbody", "postmessage", "contentarticle", "contentpost", "contententry", "contentstory", "textarticle", "bodyarticle",
    ]).ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> ArticleTokens = Set(
        "hentry post article story artikel beitrag blogpost singlepost newsarticle newsitem newsdetail newssingle articledetail articlewrapper articlecontainer storycontainer "
        + "postcontainer postwrapper noticia nota articolo singlearticle articlefull articlepage postsingle entry blogentry blogitem itempage");

    private static readonly FrozenSet<string> MainTokens = Set(
        "main content maincontent contentmain pagecontent primary inhalt hauptinhalt contenu contenido contenuto conteudo innehall inhoud indhold innhold tresc obsah tartalom "
        + "contentarea centercontent center middle maincol maincolumn contentcolumn contentwrapper contentcontainer text bodycontent siteinner sitecontent sitemain columnmain "
        + "maincontentarea");

    private static readonly FrozenSet<string> LeadTokens = Set(
        "lead lede leadtext intro introtext introduction standfirst subtitle dek summary articlesummary excerpt postexcerpt abstract vorspann teasertext chapeau chapo entradilla bajada "
        + "ingress articleintro articlelead postintro sommario occhiello anlauf einleitung articledescription articlesubtitle storysummary");

    // Words that name a lead wherever they stand in a class, as in article-header__intro.
    private static readonly FrozenSet<string> LeadWords = Set("lead lede intro standfirst dek vorspann chapeau chapo bajada entradilla ingress sommario subheadline subtitle");

    /// <summary>What an element's names say for it.</summary>
    /// <param name="tag">Its name.</param>
    /// <param name="names">Its classes and id.</param>
    public static ContentHint Judge(string tag, in ElementNames names)
    {
        var best = tag switch
        {
            "article" => ContentHint.Article,
            "main" => ContentHint.Main,
            _ => ContentHint.None,
        };
        if (names.Tokens is null || tag is "body" or "html") return best;
        if (names.ItemProperty is "articlebody" or "reviewbody" or "recipeinstructions") return ContentHint.Body;
        if (names.Role == "article" && best < ContentHint.Article) best = ContentHint.Article;
        if (names.Role == "main" && best < ContentHint.Main) best = ContentHint.Main;
        foreach (var token in names.Tokens)
        {
            // A teaser that is a paragraph of the article itself, and not a box.
            var hint = token.Together == "teaser" && tag is ("p" or "h2" or "h3" or "h4") ? ContentHint.Lead : Judge(token);
            if (hint > best) best = hint;
        }

        return best;
    }

    private static ContentHint Judge(NameToken token)
    {
        if (BodyTokens.Contains(token.Together)) return ContentHint.Body;
        if (LeadTokens.Contains(token.Together)) return ContentHint.Lead;
        if (ArticleTokens.Contains(token.Together)) return ContentHint.Article;
        if (MainTokens.Contains(token.Together)) return ContentHint.Main;

        foreach (var word in token.Words)
        {
            if (LeadWords.Contains(word)) return ContentHint.Lead;
        }

        // c-article-body, td-post-content, article-body-text: the two words next to each other are enough.
        for (var index = 1; index < token.Words.Count; index++)
        {
            if (Array.IndexOf(Bodies, token.Words[index]) >= 0 && Array.IndexOf(Subjects, token.Words[index - 1]) >= 0) return ContentHint.Body;
        }

        return ContentHint.None;
    }

    private static IEnumerable<string> Combined() =>
        from subject in Subjects
        from body in Bodies
        select subject + body;

    private static FrozenSet<string> Set(string words) => words.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
