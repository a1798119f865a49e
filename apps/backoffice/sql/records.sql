-- Looks, downloads and the checks of their chains are never forgotten or altered.
DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['backoffice_download', 'backoffice_walleddownload', 'backoffice_chaincheck'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change()', kept);
    END LOOP;
END
$$;

SELECT core_chain_install('backoffice_personaldataread', 'id', 'user_id', 'player_id', 'fields', 'case_id', 'purpose',
                          'remote_address', 'request_id', 'read_at');
SELECT core_chain_install(name, 'id', 'user_id', 'view', 'path', 'file_name', 'purpose', 'size_bytes', 'sha256',
                          'remote_address', 'request_id', 'at')
  FROM unnest(ARRAY['backoffice_download', 'backoffice_walleddownload']) AS name;
