-- A part whose rows were all deleted would go away after some minutes, and take
-- the tokens of its blocks with it: an insert that comes late, of a sink that was
-- stopped before a reset and wakes after it, would then make rows again. Kept, it
-- is merged with others in time.

-- +goose Up
ALTER TABLE fetches MODIFY SETTING remove_empty_parts = 0;
ALTER TABLE texts MODIFY SETTING remove_empty_parts = 0;
ALTER TABLE page_languages MODIFY SETTING remove_empty_parts = 0;
ALTER TABLE all_sentences MODIFY SETTING remove_empty_parts = 0;
ALTER TABLE page_texts MODIFY SETTING remove_empty_parts = 0;
ALTER TABLE all_lines MODIFY SETTING remove_empty_parts = 0;
ALTER TABLE all_matches MODIFY SETTING remove_empty_parts = 0;
ALTER TABLE all_bitext MODIFY SETTING remove_empty_parts = 0;
ALTER TABLE all_figures MODIFY SETTING remove_empty_parts = 0;
ALTER TABLE all_samples MODIFY SETTING remove_empty_parts = 0;
ALTER TABLE deadletters MODIFY SETTING remove_empty_parts = 0;

-- +goose Down
ALTER TABLE fetches RESET SETTING remove_empty_parts;
ALTER TABLE texts RESET SETTING remove_empty_parts;
ALTER TABLE page_languages RESET SETTING remove_empty_parts;
ALTER TABLE all_sentences RESET SETTING remove_empty_parts;
ALTER TABLE page_texts RESET SETTING remove_empty_parts;
ALTER TABLE all_lines RESET SETTING remove_empty_parts;
ALTER TABLE all_matches RESET SETTING remove_empty_parts;
ALTER TABLE all_bitext RESET SETTING remove_empty_parts;
ALTER TABLE all_figures RESET SETTING remove_empty_parts;
ALTER TABLE all_samples RESET SETTING remove_empty_parts;
ALTER TABLE deadletters RESET SETTING remove_empty_parts;
